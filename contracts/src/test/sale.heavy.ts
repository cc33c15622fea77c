/**
 * What takes a quarter of an hour and 6.5 GB: a real proof of a token in each issuer's layout, their fold, and its settlement on a
 * chain that verifies proofs. Work that was killed goes on; what was changed afterwards is refused. `make test-heavy`.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type RunningChain, startChain } from '@sealrun/local-mina/process';
import { account, buyer, operator, seller, stranger } from './proved_calls.js';
import { findTool } from '../tools/all.js';
import { answer } from '../tools/run.js';
import { killTool, runTool } from './tool_process.js';
import { CALL, OUTPUTS, audience, treeAudience, type Kind } from './tokens.js';
import {
  KEYS,
  KINDS,
  PRICE,
  TERMS,
  callOf,
  foldRequest,
  proveRequest,
  settleRequest,
} from './two_calls.js';
import { MINA } from './world.js';

const HOUR = { timeout: 3_600_000 };
const folder = mkdtempSync(join(tmpdir(), 'sale-proofs-'));
const proofs = {} as Record<Kind, any>;
let folded: any;
let chain: RunningChain;

before(async () => {
  chain = await startChain([]);
  for (const who of [buyer, seller, operator, stranger])
    await chain.post('/faucet', { address: who.address.toBase58() });
});
after(async () => {
  await chain.stop();
  rmSync(folder, { recursive: true });
});

const proving = (kind: Kind): string =>
  JSON.stringify({ ...proveRequest(kind), folder: join(folder, kind) });
const folding = (change: Partial<Record<Kind, object>> = {}, where = 'fold'): string =>
  JSON.stringify({ ...foldRequest({ ...proofs, ...change }), folder: join(folder, where) });

async function sent(tool: string, request: object): Promise<any> {
  const common = {
    node: chain.url,
    payer_key: buyer.key.toBase58(),
    wait_seconds: 120,
    poll_ms: 200,
  };
  return (await runTool(tool, JSON.stringify({ ...common, ...request }))).result;
}

describe('proofs of tokens', HOUR, () => {
  test("of GitLab's layout: killed in its third step of four, it goes on there", async () => {
    const before = await killTool('prove-token', proving('gitlab'), /proving step 3 of 4/);
    assert.match(before, /proving step 1 of 4/);
    assert.equal(
      readdirSync(join(folder, 'gitlab')).filter((name) => name.endsWith('.json')).length,
      2,
    );
    const { result, stderr } = await runTool('prove-token', proving('gitlab'));
    assert.equal(result.error, undefined, JSON.stringify(result.error));
    assert.deepEqual(stderr.match(/proving step . of 4/g), [
      'proving step 3 of 4',
      'proving step 4 of 4',
    ]);
    proofs.gitlab = result;
  });

  test("of GitHub's layout, in four steps", async () => {
    const { result, stderr } = await runTool('prove-token', proving('github'));
    assert.equal(result.error, undefined, JSON.stringify(result.error));
    assert.match(stderr, /proving step 4 of 4/);
    proofs.github = result;
  });

  for (const kind of KINDS) {
    test(`of ${kind}'s layout says its call and its outputs, under a known key`, async () => {
      const request = JSON.stringify({ proof: proofs[kind], keys: KEYS[kind] });
      const { result } = await runTool('verify-token', request);
      const said = result.statement.audience;
      assert.deepEqual(
        [result.holds, result.known, said],
        [true, true, audience(callOf(kind), OUTPUTS)],
      );
    });

    const changes: Record<string, (proof: any) => object> = {
      key: ({ statement }) => ({ statement: { ...statement, key: '1' } }),
      call: ({ statement }) => ({ statement: { ...statement, audience: audience(CALL, OUTPUTS) } }),
      outputs: ({ statement }) => ({
        statement: { ...statement, audience: audience(callOf(kind), 'ce'.repeat(32)) },
      }),
      'lack of outputs': ({ statement }) => ({
        statement: { ...statement, audience: `urn:sealrun:call:${callOf(kind)}` },
      }),
      kind: ({ statement }) => ({ statement: { ...statement, audience: treeAudience() } }),
      time: ({ statement }) => ({ statement: { ...statement, iat: statement.iat - 1 } }),
      'facts hash': ({ statement }) => ({ statement: { ...statement, facts: '1' } }),
      facts: ({ facts }) => ({ facts: { ...facts, sha: 'ee'.repeat(20) } }),
      'proof of the other token': () => ({ proof: proofs[other(kind)].proof }),
      proof: ({ proof }) => ({ proof: flipped(proof) }),
    };
    for (const [name, change] of Object.entries(changes))
      test(`of ${kind}'s layout with another ${name} does not hold`, async () => {
        const proof = { ...proofs[kind], ...change(proofs[kind]) };
        const { holds } = await verified({ proof });
        assert.equal(holds, false);
      });
  }
});

/** In this process, which has read the programs' keys. */
const verified = async (request: object): Promise<any> =>
  await answer(await findTool('verify-token'), JSON.stringify(request), () => undefined);

const other = (kind: Kind): Kind => (kind === 'gitlab' ? 'github' : 'gitlab');

/** One bit in the middle is another. */
function flipped(proof: string): string {
  const bytes = Buffer.from(proof, 'base64');
  bytes[bytes.length >> 1]! ^= 1;
  return bytes.toString('base64');
}

describe('a fold of two calls', HOUR, () => {
  test('killed in its second step, it goes on there', async () => {
    const before = await killTool('fold', folding(), /proving call 2 of 2/);
    assert.match(before, /proving call 1 of 2/);
    const { result, stderr } = await runTool('fold', folding());
    assert.equal(result.error, undefined, JSON.stringify(result.error));
    assert.deepEqual(stderr.match(/proving call . of 2/g), ['proving call 2 of 2']);
    const { amount, count } = result.statement;
    assert.deepEqual([amount, count], [`${2n * PRICE}`, 2]);
    assert.deepEqual(
      result.calls.map(({ call, outputs }: Record<string, string>) => [call, outputs]),
      KINDS.map((kind) => [callOf(kind), OUTPUTS]),
    );
    folded = result;
  });

  const forged: Record<string, () => Partial<Record<Kind, object>>> = {
    "another call's proof": () => ({ github: { ...proofs.github, proof: proofs.gitlab.proof } }),
    'a proof of other outputs': () => {
      const { statement } = proofs.github;
      const said = audience(callOf('github'), 'ce'.repeat(32));
      return { github: { ...proofs.github, statement: { ...statement, audience: said } } };
    },
    'a proof with a changed bit': () => ({
      github: { ...proofs.github, proof: flipped(proofs.github.proof) },
    }),
  };
  for (const [name, change] of Object.entries(forged))
    test(`A16: the prover takes no token with ${name}`, async () => {
      const { result, code } = await runTool('fold', folding(change(), name));
      assert.deepEqual([code, result.error?.type], [1, 'fault'], JSON.stringify(result.error));
      assert.deepEqual(readdirSync(join(folder, name)).length, 1, 'the first call alone');
    });
});

describe('a settlement on a chain that verifies proofs', HOUR, () => {
  test('the account opens', async () => {
    const opened = await sent('open', {
      terms: TERMS,
      account: account.address.toBase58(),
      account_key: account.key.toBase58(),
      buyer: buyer.address.toBase58(),
      deposit: `${10n * MINA}`,
    });
    assert.equal(opened.status, 'included', JSON.stringify(opened));
  });

  const forged: Record<string, () => object> = {
    'more money': () => ({ statement: { ...folded.statement, amount: `${2n * PRICE - 1n}` } }),
    'more calls': () => ({ statement: { ...folded.statement, count: 3 } }),
    'another end': () => ({ statement: { ...folded.statement, after: '1' } }),
    "a token's proof": () => ({ proof: proofs.gitlab.proof }),
    'a changed bit': () => ({ proof: flipped(folded.proof) }),
  };
  for (const [name, change] of Object.entries(forged))
    test(`A16: a fold with ${name} moves no money`, async () => {
      const refused = await sent('settle-proved', settleRequest({ ...folded, ...change() }));
      assert.equal(refused.error?.type, 'fault', JSON.stringify(refused));
    });

  test('A16: the fold itself pays both calls, once', async () => {
    const settled = await sent('settle-proved', settleRequest(folded));
    assert.equal(settled.status, 'included', JSON.stringify(settled));
    assert.deepEqual([settled.spent, settled.count], [`${2n * PRICE}`, 2]);
    const again = await sent('settle-proved', settleRequest(folded));
    assert.deepEqual([again.status, again.spent], ['already-settled', `${2n * PRICE}`]);
  });
});
