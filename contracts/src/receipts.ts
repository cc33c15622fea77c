/** The tree of what was due, whose root the oracle signs together with the due (A8). Pure; not used in circuits. */
import { Field } from 'o1js';
import { H, receiptsRoot } from './fields.js';

/** Levels below the root: room for 1,048,576 calls of one account. */
export const DUE_TREE_DEPTH = 20;

export interface DueLeaf {
  /** From 0, in the order in which calls became due. */
  index: bigint;
  callHash: Field;
  receiptHash: Field;
  /** Nanomina; 0 for a call that is not paid. */
  priceDue: bigint;
  /** Sum of the prices due up to and with this leaf. The last one is the due. */
  runningTotal: bigint;
}

export function dueLeaf(leaf: DueLeaf): Field {
  return H('sealrun:due', [
    Field(leaf.index),
    leaf.callHash,
    leaf.receiptHash,
    Field(leaf.priceDue),
    Field(leaf.runningTotal),
  ]);
}

export function node(left: Field, right: Field): Field {
  return H('sealrun:node', [left, right]);
}

/** Root of a tree of fixed depth; an empty leaf is 0. */
export function treeRoot(leaves: Field[], depth = DUE_TREE_DEPTH): Field {
  if (leaves.length > 2 ** depth)
    throw new RangeError(`tree is too small: room for ${2 ** depth} leaves, got ${leaves.length}`);
  let level = leaves;
  let empty = Field(0);
  for (let i = 0; i < depth; i++) {
    const below = level;
    const filler = empty;
    level = Array.from({ length: Math.ceil(below.length / 2) }, (_, j) =>
      node(below[2 * j]!, below[2 * j + 1] ?? filler),
    );
    empty = node(filler, filler);
  }
  return level[0] ?? empty;
}

/** Sibling hashes from the leaf up, with which `rootFromPath` gives the tree's root again. */
export function path(leaves: Field[], index: number, depth = DUE_TREE_DEPTH): Field[] {
  let level = leaves;
  let empty = Field(0);
  const siblings: Field[] = [];
  for (let i = 0, at = index; i < depth; i++, at = at >> 1) {
    const below = level;
    const filler = empty;
    siblings.push(below[at ^ 1] ?? filler);
    level = Array.from({ length: Math.ceil(below.length / 2) }, (_, j) =>
      node(below[2 * j]!, below[2 * j + 1] ?? filler),
    );
    empty = node(filler, filler);
  }
  return siblings;
}

export function rootFromPath(leaf: Field, index: number, siblings: Field[]): Field {
  return siblings.reduce(
    (hash, sibling, level) => ((index >> level) & 1 ? node(sibling, hash) : node(hash, sibling)),
    leaf,
  );
}

/** What the oracle signs for a list of calls: the due, the tree's root, the count and the root that binds both. */
export function dueStatement(leaves: DueLeaf[]): {
  due: bigint;
  treeRoot: Field;
  count: bigint;
  root: Field;
} {
  checkTotals(leaves);
  const root = treeRoot(leaves.map(dueLeaf));
  const count = BigInt(leaves.length);
  return {
    due: leaves.at(-1)?.runningTotal ?? 0n,
    treeRoot: root,
    count,
    root: receiptsRoot(root, Field(count)),
  };
}

function checkTotals(leaves: DueLeaf[]): void {
  const calls = new Set<bigint>();
  let total = 0n;
  for (const [i, leaf] of leaves.entries()) {
    total += leaf.priceDue;
    if (leaf.index !== BigInt(i))
      throw new RangeError(`leaf has wrong index: expected ${i}, got ${leaf.index}`);
    if (leaf.runningTotal !== total)
      throw new RangeError(
        `leaf ${i} has wrong running total: expected ${total}, got ${leaf.runningTotal}`,
      );
    calls.add(leaf.callHash.toBigInt());
  }
  if (calls.size !== leaves.length)
    throw new RangeError(
      `a call has more than one leaf: expected ${leaves.length} calls, got ${calls.size}`,
    );
}
