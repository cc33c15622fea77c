// A one-time ticket: somebody else granted and paid one run, and the secret in the address redeems it.
import { useEffect, useRef, useState } from 'react';
import { ordered, type Inputs } from '../../../shared/src/inputs.ts';
import { parseTicket, redeem, type Redemption, type Ticket } from '../../../shared/src/ticket.ts';
import { message, moment, short } from '../format.ts';
import { checkDraft, type Draft } from '../inputs.ts';
import { useLoaded } from '../load.ts';
import { placeOf } from '../route.ts';
import { dropTicket, redeemAtService, takenUp, usedBefore, type Mailed } from '../redeem.ts';
import { getOffer } from '../service/api.ts';
import type { Offer } from '../service/offer.ts';
import { checkNamedOffers } from '../service/named.ts';
import { droppedFor } from '../state/letters.ts';
import { Fields } from '../ui/fields.tsx';
import { Heading, WhatIsProved, WhatIsPublic, WhatRuns } from '../ui/offer_parts.tsx';
import { Badge, Card, Failed, Figures, Note } from '../ui/parts.tsx';

export function TicketPage(props: { fragment: string; named: (title: string) => void }) {
  const loaded = useLoaded(props.fragment, async () => {
    const ticket = await parseTicket(props.fragment);
    const { offer } = await getOffer(ticket.grant.audience, ticket.grant.offer);
    props.named(`Ticket: ${offer.title}`);
    return { ticket, offer };
  });
  if (loaded === null) return <p className="quiet">Reading the ticket…</p>;
  if ('problem' in loaded)
    return <Failed title="This ticket cannot be used">{loaded.problem}</Failed>;
  return <Shown {...loaded.value} />;
}

function Shown(props: { ticket: Ticket; offer: Offer }) {
  const { ticket, offer } = props;
  const { grant } = ticket;
  const [draft, setDraft] = useState<Draft>({});
  const [pressed, setPressed] = useState(false);
  const names = ordered(offer.inputs, grant.open);
  const open = { ...offer.inputs, properties: only(offer, names), 'x-order': names };
  const { inputs, wrong } = checkDraft({ ...open, required: needed(offer, names) }, draft);
  const said = Object.fromEntries(
    Object.entries(wrong).filter(([name]) => pressed || draft[name] !== undefined),
  );
  const over = grant.until * 1000 <= Date.now();
  const use = useRedemption(ticket, offer);
  const submit = () => {
    setPressed(true);
    if (Object.keys(wrong).length === 0) void use.start(inputs);
  };
  return (
    <div className="columns">
      <div className="stack">
        <Heading offer={offer}>
          <Badge tone={over ? 'bad' : 'good'}>
            {over ? 'Expired ticket' : 'Ticket for one run'}
          </Badge>
        </Heading>
        <Card title="Inputs">
          {use.dropped ? (
            <p className="quiet">They are on their way, as they were chosen.</p>
          ) : names.length === 0 ? (
            <p className="quiet">Whoever issued the ticket chose all inputs.</p>
          ) : (
            <Fields
              schema={open}
              names={names}
              draft={draft}
              change={(name, value) => setDraft({ ...draft, [name]: value })}
              wrong={said}
              marks={{}}
              at={{ service: grant.audience, offer }}
            />
          )}
          {Object.keys(grant.inputs).length > 0 && (
            <Figures
              items={Object.entries(grant.inputs).map(([name, value]) => [
                offer.inputs.properties[name]?.title ?? name,
                String(value),
              ])}
            />
          )}
        </Card>
        <WhatRuns offer={offer} />
        <WhatIsPublic policy={offer.evidence} />
        <WhatIsProved policy={offer.evidence} />
      </div>
      <aside className="aside" aria-label="Summary">
        <Card title="Ticket">
          <p className="price">
            <strong>Free</strong>for you, however it ends
          </p>
          <Figures
            items={[
              ['Issued by', <span className="mono">{short(grant.issuer, 5)}</span>],
              ['Good until', moment(grant.until)],
              ['Service', new URL(grant.audience).host],
            ]}
          />
          {use.dropped ? (
            <InTheBox since={use.dropped.at} />
          ) : (
            <button
              type="button"
              id="redeem"
              className="button main wide"
              disabled={use.busy}
              onClick={submit}
            >
              {use.busy ? 'Sending…' : over ? 'Show its run' : 'Use the ticket'}
            </button>
          )}
          {over && !use.dropped && (
            <Note tone="warn">
              This ticket has expired: it starts no run any more. One that it was used for is still
              shown. Ask its issuer for another.
            </Note>
          )}
          {use.problem && (
            <Note tone="bad" alert>
              {use.problem}
            </Note>
          )}
          <p className="quiet small">
            It works once and needs no wallet. Your browser signs the request; the secret in this
            page’s address is sent to nobody.
            {ticket.box &&
              ' Its seller runs no server: a scheduled pipeline takes your request, up to an hour later.'}
          </p>
        </Card>
      </aside>
    </div>
  );
}

/** A letter that no tick has taken yet. */
function InTheBox(props: { since: number }) {
  return (
    <div role="status">
      <Note title="Waiting for the seller’s next tick">
        <p className="small">
          Your request has been in the seller’s bucket since {moment(props.since / 1000)}. A
          scheduled pipeline takes it: within the hour, where its schedule is hourly.
        </p>
        <p className="small">
          You may close this page. Open the same ticket again in this browser to go on waiting.
        </p>
      </Note>
    </div>
  );
}

/** One use of the ticket; when it is taken up, the page of its run comes in place of this one. */
function useRedemption(ticket: Ticket, offer: Offer) {
  const sent = useRef(new Map<string, Redemption>());
  const [dropped, setDropped] = useState(ticket.box ? droppedFor(ticket.id) : undefined);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState('');
  // Replaced, so that the ticket's secret does not stay in the history.
  const show = (call: string) => location.replace(placeOf(ticket.grant.audience, 'calls', call));
  useEffect(() => {
    if (!dropped || !isMailed(ticket)) return;
    const left = new AbortController();
    takenUp(ticket, offer, dropped, left.signal).then(show, (error: unknown) => {
      if (left.signal.aborted) return;
      setDropped(undefined);
      setProblem(message(error));
    });
    return () => left.abort();
  }, [dropped?.body]);
  const mail = async (mailed: Mailed, inputs: Inputs) => {
    try {
      setDropped(await dropTicket(mailed, inputs));
    } catch (error) {
      const call = await usedBefore(mailed).catch(() => undefined);
      if (!call) throw error;
      show(call);
    }
  };
  const start = async (inputs: Inputs) => {
    setBusy(true);
    setProblem('');
    try {
      await checkNamedOffers(offer, { ...ticket.grant.inputs, ...inputs });
      if (isMailed(ticket)) return await mail(ticket, inputs);
      const name = JSON.stringify(inputs);
      const redemption = sent.current.get(name) ?? (await redeem(ticket, inputs));
      sent.current.set(name, redemption);
      show(await redeemAtService(ticket, offer, redemption));
    } catch (error) {
      setProblem(message(error));
    } finally {
      setBusy(false);
    }
  };
  return { start, dropped, busy, problem };
}

function isMailed(ticket: Ticket): ticket is Mailed {
  return ticket.box !== null;
}

function only(offer: Offer, names: string[]): Offer['inputs']['properties'] {
  const entries = Object.entries(offer.inputs.properties);
  return Object.fromEntries(entries.filter(([name]) => names.includes(name)));
}

function needed(offer: Offer, names: string[]): string[] {
  return (offer.inputs.required ?? []).filter((name) => names.includes(name));
}
