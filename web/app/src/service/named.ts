// The offers that a call's inputs name, which its job then calls: read before anything is signed, within their bounds.
import { inputNames, type Inputs, type Property } from '../../../shared/src/inputs.ts';
import { readNamedOffer, type NamedOffer } from '../../../shared/src/named_offer.ts';
import { priced } from '../format.ts';
import { getOffer } from './api.ts';
import type { Offer } from './offer.ts';

/** One of them, as its own document has it. */
export interface Named {
  address: NamedOffer;
  offer: Offer;
}

/** Reads the offer. Throws where it is another one than its hash says, or one that the outer offer does not let in. */
export async function readNamed(outer: Offer, kind: Property, value: string): Promise<Named> {
  const address = readNamedOffer(value);
  const { offer } = await getOffer(address.service, address.offer);
  checkBounds(outer, kind, offer);
  return { address, offer };
}

/** All that the inputs name, one after the other: nobody signs for a job that would refuse them. */
export async function checkNamedOffers(outer: Offer, inputs: Inputs): Promise<void> {
  for (const name of inputNames(outer.inputs)) {
    const kind = outer.inputs.properties[name];
    const value = inputs[name];
    if (kind?.format !== undefined && typeof value === 'string')
      await readNamed(outer, kind, value);
  }
}

/** Throws where the input may not name this offer, in a sentence. */
export function checkBounds(outer: Offer, kind: Property, offer: Offer): void {
  if (offer.network !== outer.network)
    throw new Error(
      `The offer that is named is on ${offer.network}, and this one on ${outer.network}.`,
    );
  const [sellers, most] = [kind['x-sellers'], kind['x-price']];
  const [first] = offer.prices;
  // One of price 0 names no seller, so anybody's would pass for a seller's own.
  if (sellers && !(first && sellers.includes(first.terms.seller)))
    throw new Error(`This input takes offers of ${sellers.join(', ')} only.`);
  if (!first || !most) return;
  const cost = offer.prices.find(({ asset }) => asset === most.asset)?.amount;
  if (!cost || cost > BigInt(most.amount))
    throw new Error(
      `This input takes offers that cost at most ${priced({ ...most, amount: BigInt(most.amount) })} a run.`,
    );
}
