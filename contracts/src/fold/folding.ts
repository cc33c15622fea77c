/** From proved calls to one proof, a step for each call. Each step's proof can be kept, so that it need not be made again. */
import { createHash } from 'node:crypto';
import { Field, VerificationKey } from 'o1js';
import type { Terms } from '../fields.js';
import { KeptProofs } from '../kept_proofs.js';
import { compileProgram, pinnedPrograms } from '../token/pins.js';
import { TokenStatement } from '../token/statement.js';
import { FoldContext, type ProvedCall, addCall, settledCall } from './call.js';
import { type FoldDocument, foldDocument } from './document.js';
import { FoldProgram, FoldProof, type TOKEN_KEYS, TokenProof } from './programs.js';
import { type SettledCall, type SettledCalls, settledCalls, settledValue } from './settled.js';

export type Progress = (text: string) => void;

/** One call with all that a step needs. */
export interface CallToFold {
  readonly call: ProvedCall;
  readonly issuer: keyof typeof TOKEN_KEYS;
  readonly token: TokenStatement;
  /** The token's proof, base64. Not looked at where no proofs are made. */
  readonly proof: string;
}

export interface FoldOptions {
  /** Where the steps' proofs are kept. */
  readonly folder?: string;
  /** False only for a chain that verifies no proofs. */
  readonly proofs: boolean;
  readonly progress: Progress;
}

/** A call that no fold takes. `place` is its index in the list. */
export class CallRefused extends Error {
  constructor(
    readonly place: number,
    reason: string,
  ) {
    super(reason);
  }
}

/**
 * Folds the calls, in this order.
 *
 * @param settled all that the account settled before, in its order
 * @throws CallRefused before anything is proved, if a call is not one that this account pays
 */
export async function fold(
  terms: Terms,
  context: FoldContext,
  settled: readonly SettledCall[],
  calls: readonly CallToFold[],
  { folder, proofs, progress }: FoldOptions,
): Promise<FoldDocument> {
  const map = settledCalls(settled);
  const added = dryRun(terms, context, map, calls);
  const kept = folder === undefined || !proofs ? undefined : new KeptProofs(folder);
  const names = stepNames(terms, context, map, added);
  // The last step that is kept: none before it is needed again.
  let done = kept === undefined ? 0 : names.length;
  while (done > 0 && !kept!.has(names[done - 1]!)) done -= 1;
  let last = done === 0 ? undefined : await FoldProof.fromJSON(kept!.read(names[done - 1]!));
  FoldProgram.setProofsEnabled(proofs);
  if (proofs && done < calls.length) await compiled(progress);
  for (const [i, each] of calls.entries()) {
    if (i >= done) {
      progress(`proving call ${i + 1} of ${calls.length}`);
      last = await step(last, terms, context, each, map, proofs);
      kept?.write(names[i]!, last.toJSON());
    }
    map.insert(added[i]!.call, settledValue(added[i]!));
  }
  return foldDocument(last!, added);
}

async function step(
  last: FoldProof | undefined,
  terms: Terms,
  context: FoldContext,
  { issuer, token, proof, call }: CallToFold,
  map: SettledCalls,
  proofs: boolean,
): Promise<FoldProof> {
  const { data, hash } = pinnedPrograms()[issuer].key;
  const key = new VerificationKey({ data, hash: Field(hash) });
  const given = [
    await tokenProof(token, proofs ? proof : undefined),
    key,
    terms,
    context,
    call,
    map,
  ] as const;
  const made =
    last === undefined ? await FoldProgram.first(...given) : await FoldProgram.next(last, ...given);
  return made.proof;
}

async function tokenProof(token: TokenStatement, proof?: string): Promise<TokenProof> {
  const { maxProofsVerified } = TokenProof;
  if (proof === undefined) return await TokenProof.dummy(undefined, token, maxProofsVerified);
  const publicOutput = TokenStatement.toFields(token).map(String);
  return await TokenProof.fromJSON({ publicInput: [], publicOutput, maxProofsVerified, proof });
}

/** What the steps will insert. The circuit's own conditions, before minutes are spent on them. */
function dryRun(
  terms: Terms,
  context: FoldContext,
  before: SettledCalls,
  calls: readonly CallToFold[],
): SettledCall[] {
  const map = before.clone();
  return calls.map(({ call, token }, place) => {
    try {
      return settledCall(token, addCall(token, terms, context, call, map));
    } catch (error) {
      throw new CallRefused(place, (error as Error).message.split('\n')[0]!);
    }
  });
}

/** Each name fixes the program, the account and all calls up to its step. */
function stepNames(
  terms: Terms,
  { account, buyer }: FoldContext,
  { root }: SettledCalls,
  added: readonly SettledCall[],
): string[] {
  const program = pinnedPrograms().fold.key.hash;
  const names = [[program, terms.hash(), account.toBase58(), buyer.toBase58(), root].join('\n')];
  for (const each of added)
    names.push(digest(`${names.at(-1)!}\n${each.call}\n${settledValue(each)}`));
  return names.slice(1);
}

const digest = (text: string): string =>
  createHash('sha256').update(text).digest('hex').slice(0, 32);

/** A prover of other code would make proofs that no account accepts. */
async function compiled(progress: Progress): Promise<void> {
  progress('compiling fold');
  const [pinned, { hash }] = [pinnedPrograms().fold.key.hash, await compileProgram('fold')];
  if (hash !== pinned)
    throw new Error(`fold: expected the verification key ${pinned}, got ${hash}`);
}
