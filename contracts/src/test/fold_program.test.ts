/** The fold's two steps, with no proofs: what ties one step to the next, and a token's proof to its program (ADR 41). */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { FeatureFlags, Field, UInt64, VerificationKey } from 'o1js';
import { settledCall } from '../fold/call.js';
import { settledCalls } from '../fold/settled.js';
import {
  FoldProgram,
  FoldProof,
  TOKEN_FEATURES,
  TOKEN_KEYS,
  TokenProof,
} from '../fold/programs.js';
import { FoldStatement } from '../fold/statement.js';
import { methodsOf, pinnedPrograms } from '../token/pins.js';
import { TOKEN_PROGRAMS } from '../token/programs.js';
import { pinnedKeys } from '../verification_keys.js';
import { PRICES, type Step, context, step, terms } from './proved_calls.js';
import { party } from './world.js';

const key = (hash: string): VerificationKey =>
  new VerificationKey({ data: pinnedPrograms().gitlab.key.data, hash: Field(hash) });
const GITLAB = key(TOKEN_KEYS.gitlab);

before(() => FoldProgram.setProofsEnabled(false));

async function first(one: Step, by = GITLAB): Promise<FoldProof> {
  const token = await TokenProof.dummy(undefined, one.token, 1);
  const { proof } = await FoldProgram.first(
    token,
    by,
    one.terms,
    one.context,
    one.call,
    one.settled,
  );
  return proof;
}

async function next(fold: FoldProof, one: Step, by = GITLAB): Promise<FoldProof> {
  const token = await TokenProof.dummy(undefined, one.token, 1);
  const { terms, context, call, settled } = one;
  return (await FoldProgram.next(fold, token, by, terms, context, call, settled)).proof;
}

/** What an honest fold of one call says, and the calls that are settled behind it. */
async function begun() {
  const one = step();
  const fold = await first(one);
  return { one, fold, settled: settledCalls([settledCall(one.token, one.call.price)]) };
}

/** A fold that says something else, as a prover of another program could make it. */
async function saying(changes: Partial<FoldStatement>): Promise<FoldProof> {
  const { fold } = await begun();
  const statement = new FoldStatement({ ...fold.publicOutput, ...changes });
  return await FoldProof.dummy(undefined, statement, 2);
}

describe('a fold', () => {
  test('says whose calls it settles, from where to where, and what they cost', async () => {
    const { one, fold, settled } = await begun();
    const said = fold.publicOutput;
    assert.equal(`${said.termsHash}`, `${one.terms.hash()}`);
    assert.deepEqual([said.account, said.buyer], [one.context.account, one.context.buyer]);
    assert.deepEqual(
      [`${said.before}`, `${said.after}`],
      [`${one.settled.root}`, `${settled.root}`],
    );
    assert.deepEqual([`${said.amount}`, `${said.count}`], [`${one.call.price}`, '1']);
  });

  test('goes on with any further call of the account, from either issuer', async () => {
    const { fold, settled } = await begun();
    const two = await next(fold, step({ nonce: 2, settled }), key(TOKEN_KEYS.github));
    const said = two.publicOutput;
    assert.equal(`${said.before}`, `${fold.publicOutput.before}`);
    assert.deepEqual([`${said.amount}`, `${said.count}`], [`${PRICES[0]!.amount.mul(2)}`, '2']);
  });

  const attacks: [name: string, attack: () => Promise<unknown>, refusal: RegExp][] = [
    [
      'the same call twice',
      async () => {
        const { fold, settled } = await begun();
        return await next(fold, step({ settled }));
      },
      /Key already exists in the tree/,
    ],
    [
      'the same call twice, with the map as it was before',
      async () => {
        const { fold, one } = await begun();
        return await next(fold, step({ settled: one.settled }));
      },
      /does not end where this call begins/,
    ],
    [
      'a call of another account',
      async () => {
        const { fold, settled } = await begun();
        const other = context({ account: party().address });
        return await next(fold, step({ nonce: 2, settled, context: other }));
      },
      /the fold is for another account/,
    ],
    [
      "a call of another buyer's",
      async () => {
        const { fold, settled } = await begun();
        const other = context({ buyer: party().address });
        return await next(fold, { ...step({ nonce: 2, settled }), context: other });
      },
      /the fold is for another buyer/,
    ],
    [
      'a call under other terms',
      async () => {
        const { fold, settled } = await begun();
        return await next(fold, step({ nonce: 2, settled, terms: terms({ ledger: Field(8) }) }));
      },
      /the fold is for other terms/,
    ],
    [
      'an account of the same address under other terms, joined to a fold of these',
      async () => {
        const { settled } = await begun();
        return await next(await saying({ termsHash: Field(1) }), step({ nonce: 2, settled }));
      },
      /the fold is for other terms/,
    ],
    [
      'a fold that leaves calls out',
      async () => {
        const { settled } = await begun();
        return await next(await saying({ after: Field(1) }), step({ nonce: 2, settled }));
      },
      /does not end where this call begins/,
    ],
    [
      'amounts beyond 64 bits',
      async () => {
        const { settled } = await begun();
        const fold = await saying({ amount: UInt64.MAXINT() });
        return await next(fold, step({ nonce: 2, settled }));
      },
      /to fit in 64 bits/,
    ],
  ];
  for (const [name, attack, refusal] of attacks)
    test(`A16: it refuses ${name}`, async () => await assert.rejects(attack, refusal));
});

describe("a token's proof is refused", () => {
  const { hash, fold } = pinnedPrograms();
  const programs: Record<string, string> = {
    "of the program that hashes a token's blocks": hash.key.hash,
    'of the fold itself': fold.key.hash,
    'of the prepaid account': pinnedKeys().PrepaidAccount.hash,
    'of the proved account': pinnedKeys().ProvedAccount.hash,
    "of a program of the seller's own": '12345',
    'of no program': '0',
  };
  for (const [name, program] of Object.entries(programs)) {
    test(`${name}, in the first step`, async () => {
      await assert.rejects(first(step(), key(program)), /not proved by a pinned program/);
    });
    test(`${name}, in the next step`, async () => {
      const { fold, settled } = await begun();
      const two = step({ nonce: 2, settled });
      await assert.rejects(next(fold, two, key(program)), /not proved by a pinned program/);
    });
  }
});

describe('what is pinned', () => {
  test('the keys of the token programs are those of token_programs.json', () => {
    const { gitlab, github } = pinnedPrograms();
    assert.deepEqual(TOKEN_KEYS, { gitlab: gitlab.key.hash, github: github.key.hash });
  });
  test('rows and constraints of the fold', async () => {
    assert.deepEqual(await methodsOf('fold'), pinnedPrograms().fold.methods);
  });
  test('the gates of the token programs', async () => {
    const { prove } = await TOKEN_PROGRAMS.gitlab.analyzeMethods();
    assert.deepEqual(FeatureFlags.fromGates(prove.gates, true), TOKEN_FEATURES);
  });
});
