// One run: how it stands, and once it is over its receipt, checked in this browser.
import { useEffect, useState } from 'react';
import type { Inputs } from '../../../shared/src/inputs.ts';
import { duration, message } from '../format.ts';
import { placeOf } from '../route.ts';
import { getOffer, lookAtCall, ServiceError, type Call } from '../service/api.ts';
import type { Offer } from '../service/offer.ts';
import { noteState, useActivity } from '../state/activity.ts';
import { Origin } from '../ui/offer_parts.tsx';
import { Badge, Card, Note } from '../ui/parts.tsx';
import { ReceiptParts } from '../ui/receipt.tsx';
import { CallSummary } from '../ui/call_summary.tsx';
import { Jobs, Progress, publicRun } from '../ui/progress.tsx';

// The service says when to look again; within these bounds it is obeyed.
const POLL_MS = 1000;
const LONGEST_POLL_MS = 120_000;
// A service that was just asked may need a moment to know the call; a run that nobody knows after this is none.
const PATIENCE_MS = 60_000;

export function CallPage(props: { service: string; call: string; named: (title: string) => void }) {
  const { service, call } = props;
  const bought = useActivity().find((one) => one.call === call && one.service === service);
  const { view, offer, problem } = useFollowed(service, call, bought?.offer);
  const title = offer?.title ?? bought?.title ?? 'A run';
  useEffect(() => props.named(title), [title]);
  return (
    <div className="columns">
      <div className="stack">
        <div>
          {offer && <Origin source={offer.source} />}
          <h1>{title}</h1>
        </div>
        {problem && (
          <Note tone="bad" title="The service gives no answer that helps" alert>
            {problem}
          </Note>
        )}
        {view?.receipt && offer ? (
          <ReceiptParts
            service={service}
            call={call}
            view={view}
            offer={offer}
            inputs={bought?.inputs ?? undefined}
          />
        ) : (
          <Card
            title={view ? 'Running' : 'Asking the service'}
            side={view && <Elapsed since={view.claimed_at} />}
          >
            <Progress state={view?.state ?? ''} url={publicRun(view)} />
            <Jobs progress={view?.progress} />
            {view?.reason && <p className="quiet wrap">{view.reason}</p>}
            <p className="quiet small">
              You may close this page. The run goes on, and its address stays the same.
            </p>
          </Card>
        )}
      </div>
      <aside className="aside" aria-label="Summary">
        <CallSummary
          service={service}
          call={call}
          offer={offer}
          inputs={bought?.inputs ?? undefined}
          at={view?.claimed_at}
          bought={bought}
        />
      </aside>
    </div>
  );
}

function Elapsed(props: { since: number }) {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  const seconds = Math.max(0, Math.floor(now / 1000 - props.since));
  return (
    <Badge tone="warn" busy>
      {duration(seconds)}
    </Badge>
  );
}

interface Followed {
  view: Call | undefined;
  offer: Offer | undefined;
  problem: string;
}

/** The call, asked for until it is over. What this browser bought is of the offer that it read then. */
function useFollowed(service: string, call: string, wanted: string | undefined): Followed {
  const [followed, setFollowed] = useState<Followed>({
    view: undefined,
    offer: undefined,
    problem: '',
  });
  useEffect(() => {
    let current = true;
    let timer = 0;
    const began = Date.now();
    let offer: Offer | undefined;
    const ask = async () => {
      let pause = POLL_MS;
      try {
        const [view, again] = await lookAtCall(service, call);
        pause = Math.min(Math.max(again, POLL_MS), LONGEST_POLL_MS);
        // For anybody else the answer names the offer; that the call was for it, its own hash says.
        offer ??= (await getOffer(service, wanted ?? String(view.offer))).offer;
        if (!current) return;
        setFollowed({ view, offer, problem: '' });
        noteState(service, call, view.state);
        if (view.receipt) return;
      } catch (error) {
        if (!current) return;
        const waits = error instanceof ServiceError && Date.now() - began < PATIENCE_MS;
        if (!waits || (error as ServiceError).status === 0)
          setFollowed((before) => ({ ...before, problem: message(error) }));
      }
      timer = window.setTimeout(() => void ask(), pause);
    };
    setFollowed({ view: undefined, offer: undefined, problem: '' });
    void ask();
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [service, call, wanted]);
  return followed;
}

export function againLink(service: string, offer: string, inputs: Inputs | undefined): string {
  const given = new URLSearchParams(
    Object.entries(inputs ?? {}).map(([name, value]) => [name, String(value)]),
  );
  const query = given.toString();
  return placeOf(service, 'offers', offer) + (query && `?${query}`);
}
