// What an input names, below the field: the offer's title and price, by its own document. A link or a default may name any
// host, and nobody's address is told to a stranger unasked: another service than this one is asked once somebody says so.
import { useDeferredValue, useState } from 'react';
import type { Property } from '../../../shared/src/inputs.ts';
import { readNamedOffer, writtenOffer } from '../../../shared/src/named_offer.ts';
import { priced } from '../format.ts';
import { wrongValue } from '../inputs.ts';
import { useLoaded } from '../load.ts';
import { readNamed } from '../service/named.ts';
import type { Offer } from '../service/offer.ts';

/** The offer whose form this is, and the service that shows it. */
export interface Place {
  service: string;
  offer: Offer;
}

export function NamedOfferLine(props: { at: Place; kind: Property; value: string }) {
  const { at, kind } = props;
  const value = writtenOffer(useDeferredValue(props.value));
  const [wanted, setWanted] = useState('');
  if (value === '' || wrongValue(kind, value)) return null;
  const { service } = readNamedOffer(value);
  if (service === at.service || wanted === value)
    return <Line outer={at.offer} kind={kind} value={value} />;
  return (
    <p className="help">
      <button type="button" className="button small" onClick={() => setWanted(value)}>
        Show the offer at {new URL(service).host}
      </button>
    </p>
  );
}

function Line({ outer, kind, value }: { outer: Offer; kind: Property; value: string }) {
  const loaded = useLoaded(value, () => readNamed(outer, kind, value));
  if (loaded === null) return <p className="help">Reading the offer that is named…</p>;
  if ('problem' in loaded) return <p className="wrong">{loaded.problem}</p>;
  const { offer, address } = loaded.value;
  return (
    <p className="help">
      The job calls <strong>{offer.title}</strong> at {new URL(address.service).host}.{' '}
      {price(offer)}
    </p>
  );
}

function price(offer: Offer): string {
  const all = offer.prices.map(priced);
  return all.length > 0 ? `The seller pays ${all.join(' or ')} a run for it.` : 'It costs nothing.';
}
