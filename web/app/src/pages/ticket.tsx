// A one-time ticket: somebody else granted and paid one run, and the secret in the address redeems it.
import { useRef, useState } from 'react';
import { ordered, type Inputs } from '../../../shared/src/inputs.ts';
import { parseTicket, redeem, type Redemption, type Ticket } from '../../../shared/src/ticket.ts';
import { message, moment, short } from '../format.ts';
import { checkDraft, type Draft } from '../inputs.ts';
import { useLoaded } from '../load.ts';
import { placeOf } from '../route.ts';
import { ask, getOffer, type Call } from '../service/api.ts';
import type { Offer } from '../service/offer.ts';
import { remember } from '../state/activity.ts';
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
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState('');
  const names = ordered(offer.inputs, grant.open);
  const open = { ...offer.inputs, properties: only(offer, names), 'x-order': names };
  const { inputs, wrong } = checkDraft({ ...open, required: needed(offer, names) }, draft);
  const said = Object.fromEntries(
    Object.entries(wrong).filter(([name]) => pressed || draft[name] !== undefined),
  );
  const over = grant.until * 1000 <= Date.now();
  const use = useRedemption(ticket, offer);
  const submit = async () => {
    setPressed(true);
    if (Object.keys(wrong).length > 0) return;
    setBusy(true);
    setProblem('');
    try {
      // Replaced, so that the ticket's secret does not stay in the history.
      location.replace(placeOf(grant.audience, 'calls', await use(inputs)));
    } catch (error) {
      setProblem(message(error));
      setBusy(false);
    }
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
          {names.length === 0 ? (
            <p className="quiet">Whoever issued the ticket chose all inputs.</p>
          ) : (
            <Fields
              schema={open}
              names={names}
              draft={draft}
              change={(name, value) => setDraft({ ...draft, [name]: value })}
              wrong={said}
              marks={{}}
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
            <strong>0</strong>for you, however it ends
          </p>
          <Figures
            items={[
              ['Issued by', <span className="mono">{short(grant.issuer, 5)}</span>],
              ['Good until', moment(grant.until)],
              ['Service', new URL(grant.audience).host],
            ]}
          />
          <button
            type="button"
            id="redeem"
            className="button main wide"
            disabled={busy || over}
            onClick={() => void submit()}
          >
            {busy ? 'Sending…' : 'Use the ticket'}
          </button>
          {over && <Note tone="warn">This ticket has expired. Ask its issuer for another.</Note>}
          {problem && (
            <Note tone="bad" alert>
              {problem}
            </Note>
          )}
          <p className="quiet small">
            It works once and needs no wallet. Your browser signs the request; the secret in this
            page’s address is sent to nobody.
          </p>
        </Card>
      </aside>
    </div>
  );
}

/** The call's hash. Sent again after a lost answer, the same redemption finds its run; another is refused. */
function useRedemption(ticket: Ticket, offer: Offer): (inputs: Inputs) => Promise<string> {
  const sent = useRef(new Map<string, Redemption>());
  return async (inputs) => {
    const name = JSON.stringify(inputs);
    const redemption = sent.current.get(name) ?? (await redeem(ticket, inputs));
    sent.current.set(name, redemption);
    const { grant } = ticket;
    await ask<Call>(`${grant.audience}/tickets/${ticket.id}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(redemption.body),
    });
    remember({
      call: redemption.call,
      service: grant.audience,
      offer: offer.hash,
      title: offer.title,
      price: '0',
      inputs: { ...grant.inputs, ...inputs },
      account: grant.key,
      at: Math.floor(Date.now() / 1000),
      state: '',
    });
    return redemption.call;
  };
}

function only(offer: Offer, names: string[]): Offer['inputs']['properties'] {
  const entries = Object.entries(offer.inputs.properties);
  return Object.fromEntries(entries.filter(([name]) => names.includes(name)));
}

function needed(offer: Offer, names: string[]): string[] {
  return (offer.inputs.required ?? []).filter((name) => names.includes(name));
}
