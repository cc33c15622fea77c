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
