/** A token's owner approves in a process beside: what that process does, and what is said when it ends too early. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { AccountUpdate, TokenId } from 'o1js';
import '../backend.js';
import { type RunningChain, startChain } from '@sealrun/local-mina/process';
import { deploy } from '../deploy_token.js';
import { proveBeside } from '../tools/approval.js';
import { answer, known } from '../tools/run.js';
import { party } from './world.js';

const [issuer, owner, admin, stranger] = [party(), party(), party(), party()];
let chain: RunningChain;

before(async () => {
  chain = await startChain(['--no-proofs']);
  await chain.post('/faucet', { address: issuer.address.toBase58() });
  const request = {
    node: chain.url,
    payer_key: issuer.key.toBase58(),
    owner_key: owner.key.toBase58(),
    admin_key: admin.key.toBase58(),
    decimals: 0,
    symbol: 'RUN',
    mint: [],
    proofs: false,
    poll_ms: 50,
  };
  await answer(deploy, JSON.stringify(request), () => undefined);
});
after(() => chain.stop());

function approved(updates: AccountUpdate[], signal = new AbortController().signal) {
  const flat = updates.map((update) => update.toJSON());
  const named = { node: chain.url, networkId: 'devnet' as const, owner: owner.address.toBase58() };
  return proveBeside({ ...named, updates: flat, proofs: false }, signal);
}

/** An update in the token that moves so many units. */
function moving(units: number): AccountUpdate {
  const update = AccountUpdate.default(stranger.address, TokenId.derive(owner.address));
  update.body.mayUseToken = AccountUpdate.MayUseToken.ParentsOwnToken;
  update.balance.addInPlace(units);
  return update;
}

async function refusal(pending: Promise<unknown>): Promise<string> {
  const failed = await pending.then(() => assert.fail('expected a refusal'), known);
  assert.equal(failed.type, 'proof-failed');
  return failed.message;
}

describe("a token's owner approves", () => {
  test('what adds up', async () => {
    const update = await approved([]);
    assert.equal(update.publicKey.toBase58(), owner.address.toBase58());
    assert.ok(update.authorization.proof);
  });

  test('and not what makes tokens of nothing', async () => {
    assert.match(await refusal(approved([moving(1)])), /^token: Flash-minting/);
    assert.match(await refusal(approved([moving(-1)])), /^token: .*unbalanced/i);
  });

  test('in another process after one that ended', async () => {
    const stop = new AbortController();
    const pending = approved([], stop.signal);
    stop.abort();
    assert.match(await refusal(pending), /expected a proof of its owner's approval, got .*SIGKILL/);
    assert.ok((await approved([])).authorization.proof);
  });
});
