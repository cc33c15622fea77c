/**
 * SHA-256 over the blocks of a token, in steps, and a running commitment to those blocks.
 *
 * Sentence 1 of the argument (ADR 28): hashing starts at SHA-256's own start state, so the blocks are the issuer's padded
 * message, or somebody found a collision of SHA-256 or a way back to its start state.
 */
import { Bool, Field, Gadgets, Poseidon, Provable, Struct, UInt32 } from 'o1js';

const SHA256 = Gadgets.SHA256;
export const BLOCK_BYTES = 64;
const BLOCK_WORDS = 16;
/** Words of 4 bytes that go into one field: 7, 7 and 2, so 28, 28 and 8 bytes. */
const PARTS = [
  [0, 7],
  [7, 14],
  [14, 16],
] as const;

/** Big-endian words of so many blocks. Each is range-checked to 32 bits where it is witnessed. */
export const Blocks = (count: number) => Provable.Array(UInt32, BLOCK_WORDS * count);

/** How far hashing came: SHA-256's state, and a Poseidon chain over all blocks so far. */
export class Hashed extends Struct({ state: Provable.Array(UInt32, 8), blocks: Field }) {}

/** The start: no state that a prover could choose. */
export function start(): Hashed {
  return new Hashed({ state: SHA256.initialState, blocks: Field(0) });
}

/** All the blocks. */
export function absorb(before: Hashed, words: UInt32[]): Hashed {
  return split(words).reduce(absorbOne, before);
}

/** The first `count` of the blocks, at least one; the rest is not looked at. */
export function absorbSome(before: Hashed, words: UInt32[], count: Field): Hashed {
  let [now, on] = [before, Bool(true)];
  for (const [i, block] of split(words).entries()) {
    const next = absorbOne(now, block);
    now = i === 0 ? next : Provable.if(on, Hashed, next, now);
    on = on.and(count.equals(i + 1).not());
  }
  // Still on: `count` is none of 1 to the number of blocks.
  on.assertFalse('count of blocks: out of range');
  return now;
}

/** The chain over the same blocks, from the token's bytes: equal chains mean equal blocks (sentence 2). */
export function chainOf(bytes: Field[], count: Field): Field {
  let [chain, on] = [Field(0), Bool(true)];
  for (let i = 0; i * BLOCK_BYTES < bytes.length; i++) {
    const block = bytes.slice(i * BLOCK_BYTES, (i + 1) * BLOCK_BYTES);
    const parts = PARTS.map(([from, to]) => join(block.slice(4 * from, 4 * to), 2n ** 8n));
    // What lies behind the last block was signed by nobody, so it must be nothing at all.
    if (i > 0)
      for (const part of parts) on.not().toField().mul(part).assertEquals(0, 'bytes after the end');
    chain = i === 0 ? link(chain, parts) : Provable.if(on, link(chain, parts), chain);
    on = on.and(count.equals(i + 1).not());
  }
  on.assertFalse('count of blocks: out of range');
  return chain;
}

function absorbOne({ state, blocks }: Hashed, words: UInt32[]): Hashed {
  const parts = PARTS.map(([from, to]) =>
    join(
      words.slice(from, to).map((word) => word.value),
      2n ** 32n,
    ),
  );
  return new Hashed({
    state: SHA256.compression(state, SHA256.createMessageSchedule(words)),
    blocks: link(blocks, parts),
  });
}

/** Fixed length: three fields a block, so the chain's own length says how many blocks there were. */
function link(chain: Field, parts: Field[]): Field {
  return Poseidon.hash([chain, ...parts]);
}

/** Big-endian. At most 28 bytes, so that no two lists of digits give one field. */
function join(digits: Field[], base: bigint): Field {
  return digits.reduce((sum, digit) => sum.mul(base).add(digit), Field(0)).seal();
}

function split(words: UInt32[]): UInt32[][] {
  return Array.from({ length: words.length / BLOCK_WORDS }, (_, i) =>
    words.slice(i * BLOCK_WORDS, (i + 1) * BLOCK_WORDS),
  );
}
