// The card beside a run: what was asked for, what it costs by its end, and the way to run it again.
import type { Input, Inputs } from '../../../shared/src/inputs.ts';
import { moment, priced, short } from '../format.ts';
import { readable } from '../inputs.ts';
import { againLink } from '../pages/call.tsx';
import type { Offer } from '../service/offer.ts';
import { placeOf } from '../route.ts';
import { costOf, type Bought } from '../state/activity.ts';
import { Card, Figures } from './parts.tsx';

/** Encoded JSON as JSON, and every other value as it is. */
function words(offer: Offer | undefined, name: string, value: Input): string {
  const kind = offer?.inputs.properties[name];
  return kind && typeof value === 'string' ? readable(kind, value) : String(value);
}

/** What was paid with, where that is known; else all that may have been. */
function priceWords({ prices }: Offer, bought: Bought | undefined): string {
  if (prices.length === 0) return 'free';
  return `${bought ? costOf(bought) : prices.map(priced).join(' or ')} if it succeeds`;
}

export function CallSummary(props: {
  service: string;
  call: string;
  offer: Offer | undefined;
  inputs: Inputs | undefined;
  at: number | undefined;
  /** What this browser remembers of it. */
  bought: Bought | undefined;
}) {
  const { service, call, offer, inputs, at } = props;
  return (
    <Card title="This run">
      <Figures
        items={[
          ['Run', <span className="mono">{short(call, 6)}</span>],
          ['At', <span className="wrap">{new URL(service).host}</span>],
          ...(at ? [['Taken', moment(at)] as [string, string]] : []),
          ...(offer ? [['Price', priceWords(offer, props.bought)] as [string, string]] : []),
        ]}
      />
      {inputs && Object.keys(inputs).length > 0 && (
        <>
          <hr />
          <h3>Inputs</h3>
          <Figures
            items={Object.entries(inputs).map(([name, value]) => [
              offer?.inputs.properties[name]?.title ?? name,
              <span className="wrap">{words(offer, name, value)}</span>,
            ])}
          />
        </>
      )}
      {offer && (
        <a className="button wide" href={againLink(service, offer.hash, inputs)}>
          {inputs ? 'Run again with these inputs' : 'Look at the offer'}
        </a>
      )}
      {offer && inputs && (
        <a className="small" href={placeOf(service, 'offers', offer.hash)}>
          The offer itself
        </a>
      )}
    </Card>
  );
}
