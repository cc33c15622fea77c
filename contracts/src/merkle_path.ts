/** A path in a small tree whose place is a witness. Runs inside and outside of circuits. */
import { Bool, Field, Provable, Struct } from 'o1js';
import { node, path } from './receipts.js';

/** Levels of the trees that proofs open: an issuer's keys, an offer's prices. */
export const PATH_DEPTH = 4;

export class MerklePath extends Struct({
  /** From the leaf up: whether the leaf's side is the right one. */
  right: Provable.Array(Bool, PATH_DEPTH),
  siblings: Provable.Array(Field, PATH_DEPTH),
}) {}

/** The path of the leaf at `index`. Not for circuits. */
export function pathOf(leaves: Field[], index: number): MerklePath {
  return new MerklePath({
    right: Array.from({ length: PATH_DEPTH }, (_, level) => Bool(((index >> level) & 1) === 1)),
    siblings: path(leaves, index, PATH_DEPTH),
  });
}

/** The root of the tree in which this leaf stands at the path's place. */
export function rootOf({ right, siblings }: MerklePath, leaf: Field): Field {
  return siblings.reduce((hash, sibling, level) => {
    const side = right[level]!;
    return node(Provable.if(side, sibling, hash), Provable.if(side, hash, sibling));
  }, leaf);
}

/** The root of the tree in which this leaf stands at `index`, a number that fits into as many bits as there are siblings. */
export function climb(leaf: Field, index: Field, siblings: Field[]): Field {
  const right = index.toBits(siblings.length);
  return siblings.reduce((hash, sibling, level) => {
    const left = Provable.if(right[level]!, Field, sibling, hash);
    // The sum of both is known, so the other one needs no second choice.
    return node(left, hash.add(sibling).sub(left));
  }, leaf);
}
