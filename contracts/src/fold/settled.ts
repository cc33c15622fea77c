/**
 * The calls that an account has settled, as a map: a call in it cannot be inserted once more.
 *
 * The tree of dues does not serve: whoever proves has to show that a call is not in it yet.
 */
import { Field, IndexedMerkleMap, UInt64 } from 'o1js';
import { H } from '../fields.js';

/** Levels of the tree with its root. */
const HEIGHT = 21;
/** So many calls one account can settle. o1js keeps one leaf for itself. */
export const MAX_SETTLED = 2 ** (HEIGHT - 1) - 1;

/** By call hash: `settledValue`. */
export class SettledCalls extends IndexedMerkleMap(HEIGHT) {}

/** Root of an account that settled nothing. Its state still has 0 then. */
export const NOTHING_SETTLED = new SettledCalls().root;

/** One call that was settled, and the facts about it that its token showed. */
export interface SettledCall {
  call: Field;
  outputsHigh: Field;
  outputsLow: Field;
  iat: Field;
  price: UInt64;
}

/** `H("sealrun:settled", [outputs, iat, price])`, so that a contract can read from the account's state what a call left. */
export function settledValue({ outputsHigh, outputsLow, iat, price }: SettledCall): Field {
  return H('sealrun:settled', [outputsHigh, outputsLow, iat, price.value]);
}

/** The map of these calls, in the order in which they were settled; the order decides its root. Not for circuits. */
export function settledCalls(calls: readonly SettledCall[]): SettledCalls {
  const map = new SettledCalls();
  for (const each of calls) map.insert(each.call, settledValue(each));
  return map;
}
