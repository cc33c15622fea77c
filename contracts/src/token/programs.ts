/**
 * The programs that prove what an issuer's key signed, in steps that fit into 6 GB each.
 *
 * The token's blocks are hashed by `first` (up to 11) and `more` (9 each time); `prove` hashes the last ones, checks the
 * signature and reads the claims. The soundness argument with its assumptions is ADR 28.
 */
import { Field, Provable, SelfProof, ZkProgram } from 'o1js';
import { claimPlaces, readClaims, type Places } from './claims.js';
import { GITHUB, GITLAB, type Layout } from './layouts.js';
import { Number2048, requireSigned } from './rsa.js';
import { BLOCK_BYTES, Blocks, Hashed, absorb, absorbSome, chainOf, start } from './sha256.js';
import { TokenStatement, keyHash } from './statement.js';

/** Blocks of each step; rows decide (`token_programs.json`). */
export const [FIRST, MORE, LAST] = [11, 9, 2];
/** A token's signed text has at most 48 blocks with its padding: 3,063 characters. */
export const MAX_BLOCKS = 48;
export const MIN_BLOCKS = LAST + 1;

export const HashProgram = ZkProgram({
  name: 'sealrun-token-hash',
  publicOutput: Hashed,
  methods: {
    first: {
      privateInputs: [Blocks(FIRST), Field],
      async method(words: InstanceType<typeof Hashed>['state'], count: Field) {
        return { publicOutput: absorbSome(start(), words, count) };
      },
    },
    more: {
      privateInputs: [SelfProof, Blocks(MORE)],
      async method(before: SelfProof<undefined, Hashed>, words: Hashed['state']) {
        before.verify();
        return { publicOutput: absorb(before.publicOutput, words) };
      },
    },
  },
});

export class HashProof extends ZkProgram.Proof(HashProgram) {}

/** What the signature's holder gives: the two numbers of RSA. */
export interface Signed {
  signature: Number2048;
  modulus: Number2048;
}

/** The last step, over what was hashed so far. Apart from the program, so that attacks need no proof of the steps before. */
export function readToken(
  layout: Layout,
  before: Hashed,
  words: Hashed['state'],
  { signature, modulus }: Signed,
  characters: Field[],
  count: Field,
  places: Places,
): TokenStatement {
  const hashed = absorb(before, words);
  requireSigned(hashed.state, signature, modulus);
  // The characters that are read are the blocks that were hashed.
  chainOf(characters, count).assertEquals(hashed.blocks, 'not the text that was hashed');
  const read = readClaims(layout, characters, places);
  const key = keyHash(modulus.fields, characters.slice(0, layout.headerLength));
  return new TokenStatement({ key, ...read });
}

function tokenProgram(layout: Layout) {
  const [Places, Characters] = [
    claimPlaces(layout),
    Provable.Array(Field, BLOCK_BYTES * MAX_BLOCKS),
  ];
  return ZkProgram({
    name: `sealrun-token-${layout.name}`,
    publicOutput: TokenStatement,
    methods: {
      prove: {
        privateInputs: [
          HashProof,
          Blocks(LAST),
          Number2048.provable,
          Number2048.provable,
          Characters,
          Field,
          Places,
        ],
        async method(
          before: HashProof,
          words: Hashed['state'],
          signature: Number2048,
          modulus: Number2048,
          characters: Field[],
          count: Field,
          places: Places,
        ) {
          before.verify();
          const signed = { signature, modulus };
          return {
            publicOutput: readToken(
              layout,
              before.publicOutput,
              words,
              signed,
              characters,
              count,
              places,
            ),
          };
        },
      },
    },
  });
}

export const TOKEN_PROGRAMS = {
  gitlab: tokenProgram(GITLAB),
  github: tokenProgram(GITHUB),
} as const;
