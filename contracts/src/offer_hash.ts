/**
 * The hash that names an offer, in such a form that a proof can open it: the facts that the CI's token must show, and
 * the price in one asset, without reading the document. Runs inside and outside of circuits.
 */
import { Field, UInt64 } from 'o1js';
import { H } from './fields.js';
import { treeRoot } from './receipts.js';

/** Levels of the tree of prices. */
export const PRICES_DEPTH = 4;
/** So many assets an offer can have prices in. */
export const MAX_PRICES = 2 ** PRICES_DEPTH;

export interface Price {
  /** Token id; 1 is MINA. */
  asset: Field;
  /** In the asset's smallest unit, more than 0. */
  amount: UInt64;
}

/**
 * `H("sealrun:offer", [digest, facts, prices])`.
 *
 * @param digest SHA-256 of the canonical document, see `digestFields`
 * @param facts `factsHash` of the claims that a token must show; 0 where the offer names none
 * @param prices `pricesRoot`
 */
export function offerHash(digest: [Field, Field], facts: Field, prices: Field): Field {
  return H('sealrun:offer', [...digest, facts, prices]);
}

/** What stands for one price in the tree; `rootFromPath` opens it. */
export function priceLeaf({ asset, amount }: Price): Field {
  return H('sealrun:price', [asset, amount.value]);
}

/** Root of a tree of depth 4 over the prices, assets ascending, then zeros; 0 for an offer of price 0. Not for circuits. */
export function pricesRoot(prices: Price[]): Field {
  if (prices.length > MAX_PRICES)
    throw new RangeError(`prices: expected at most ${MAX_PRICES}, got ${prices.length}`);
  const ids = prices.map(({ asset }) => asset.toBigInt());
  if (ids.some((id, at) => at > 0 && id <= ids[at - 1]!))
    throw new RangeError('prices: expected each asset once, in ascending order of their ids');
  if (prices.some(({ amount }) => amount.toBigInt() === 0n))
    throw new RangeError('prices: expected amounts above 0, got 0');
  return prices.length === 0 ? Field(0) : treeRoot(prices.map(priceLeaf), PRICES_DEPTH);
}
