// What an input names, below the field: the offer's title and price, by its own document.
import { useDeferredValue } from 'react';
import type { Property } from '../../../shared/src/inputs.ts';
import { writtenOffer } from '../../../shared/src/named_offer.ts';
import { mina, priced } from '../format.ts';
import { wrongValue } from '../inputs.ts';
import { useLoaded } from '../load.ts';
import { readNamed } from '../service/named.ts';
import type { Offer } from '../service/offer.ts';

export function NamedOfferLine(props: { outer: Offer; kind: Property; value: string }) {
  const value = writtenOffer(useDeferredValue(props.value));
  if (value === '' || wrongValue(props.kind, value)) return null;
  return <Line {...props} value={value} />;
}

function Line({ outer, kind, value }: { outer: Offer; kind: Property; value: string }) {
  const loaded = useLoaded(value, () => readNamed(outer, kind, value));
  if (loaded === null) return <p className="help">Reading the offer that is named…</p>;
  if ('problem' in loaded) return <p className="wrong">{loaded.problem}</p>;
  const { offer, address } = loaded.value;
  return (
    <p className="help">
      The job calls <strong>{offer.title}</strong> at {new URL(address.service).host}. It costs{' '}
      {price(offer)}, which the seller pays.
    </p>
  );
}

function price(offer: Offer): string {
  const all = [...(offer.price > 0n ? [mina(offer.price)] : []), ...offer.others.map(priced)];
  return all.length > 0 ? `${all.join(' or ')} a run` : 'nothing';
}
