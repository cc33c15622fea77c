/**
 * From a token to its proof, step by step. Each step's proof is kept in a folder, so that what was interrupted goes on
 * where it stopped. The folder holds no token: a step's proof shows the state of SHA-256 and a hash of the blocks.
 */
import { createHash } from 'node:crypto';
import { Field, type JsonProof } from 'o1js';
import { KeptProofs } from '../kept_proofs.js';
import { claimPlaces } from './claims.js';
import type { ProofDocument } from './document.js';
import { statementJson } from './document.js';
import type { IssuerKey } from './issuer_keys.js';
import type { Layout } from './layouts.js';
import { compileProgram, pinnedPrograms, type ProgramName } from './pins.js';
import { FIRST, HashProgram, HashProof, LAST, MORE, TOKEN_PROGRAMS } from './programs.js';
import { Number2048 } from './rsa.js';
import { BLOCK_BYTES } from './sha256.js';
import {
  type TokenParts,
  charactersOf,
  factValues,
  placesOf,
  planOf,
  whole,
  wordsOf,
} from './witness.js';

export type Progress = (text: string) => void;

/** How many proofs the hashing takes; one more is the token's own. */
export const hashSteps = (parts: TokenParts): number => planOf(parts).more + 1;

/** Hashes all but the last blocks. */
export async function proveHash(
  parts: TokenParts,
  folder: string,
  progress: Progress,
): Promise<void> {
  const kept = new Steps(folder, parts);
  const steps = hashSteps(parts);
  if (kept.has(steps)) return;
  await compiled('hash', progress);
  const { first } = planOf(parts);
  let last: HashProof | undefined;
  for (let step = 1; step <= steps; step++) {
    if (kept.has(step)) {
      last = await kept.read(step);
      continue;
    }
    progress(`proving step ${step} of ${steps + 1}`);
    const from = first + (step - 2) * MORE;
    const { proof } =
      last === undefined
        ? await HashProgram.first(wordsOf(parts.blocks, 0, first, FIRST), Field(first))
        : await HashProgram.more(last, wordsOf(parts.blocks, from, MORE));
    kept.write(step, proof.toJSON());
    last = proof;
  }
}

/** The last step: the signature, and what the token says. The steps before must be in the folder. */
export async function proveToken(
  layout: Layout,
  parts: TokenParts,
  key: IssuerKey,
  folder: string,
  progress: Progress,
): Promise<ProofDocument> {
  const steps = hashSteps(parts);
  await compiled(layout.name, progress);
  const before = await new Steps(folder, parts).read(steps);
  const count = parts.blocks.length / BLOCK_BYTES;
  const Places = claimPlaces(layout);
  progress(`proving step ${steps + 1} of ${steps + 1}`);
  const { proof } = await TOKEN_PROGRAMS[layout.name].prove(
    before,
    wordsOf(parts.blocks, count - LAST, LAST),
    Number2048.from(parts.signature),
    Number2048.from(whole(key.n)),
    charactersOf(parts.blocks),
    Field(count),
    new Places(placesOf(layout, parts)),
  );
  return {
    sealrun: 1,
    issuer: layout.name,
    statement: statementJson(proof.publicOutput),
    facts: factValues(layout, parts),
    proof: proof.toJSON().proof,
  };
}

/** A prover of other code would make proofs that nobody accepts. */
async function compiled(name: ProgramName, progress: Progress): Promise<void> {
  progress(`compiling ${name}`);
  const [pinned, { hash }] = [pinnedPrograms()[name].key.hash, await compileProgram(name)];
  if (hash !== pinned)
    throw new Error(`${name}: expected the verification key ${pinned}, got ${hash}`);
}

class Steps {
  private readonly start: string;
  private readonly kept: KeptProofs;

  constructor(folder: string, { blocks }: TokenParts) {
    this.kept = new KeptProofs(folder);
    const program = pinnedPrograms().hash.key.hash;
    this.start = createHash('sha256')
      .update(`${program}\n`)
      .update(blocks)
      .digest('hex')
      .slice(0, 32);
  }

  has(step: number): boolean {
    return this.kept.has(this.name(step));
  }

  async read(step: number): Promise<HashProof> {
    return await HashProof.fromJSON(this.kept.read(this.name(step)));
  }

  write(step: number, proof: JsonProof): void {
    this.kept.write(this.name(step), proof);
  }

  private name(step: number): string {
    return `${this.start}-${step}`;
  }
}
