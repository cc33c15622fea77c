/** A proved account by its tools on a local chain, with no proofs: opened, folded and settled twice, left. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type RunningChain, startChain } from '@sealrun/local-mina/process';
import { Field, Signature, TokenId, UInt64 } from 'o1js';
import { settleFields, voucherFields } from '../fields.js';
import { statementJson } from '../token/document.js';
import { findTool } from '../tools/all.js';
import { answer, known } from '../tools/run.js';
import * as calls from './proved_calls.js';
import { DEVNET, MINA } from './world.js';

const { account, buyer, operator, seller, stranger } = calls;
const PRICE = 2n * MINA;
const agreed = calls.terms();
const terms = {
  network: 'mina:devnet',
  asset: TokenId.toBase58(TokenId.default),
  ledger: '7',
  seller: seller.address.toBase58(),
  operator: operator.address.toBase58(),
  operator_share: 250,
  keys: `${agreed.keys}`,
  exit_delay: 20,
};
let chain: RunningChain;

before(async () => {
  chain = await startChain(['--no-proofs']);
  for (const who of [buyer, seller, operator, stranger])
    await chain.post('/faucet', { address: who.address.toBase58() });
});
after(() => chain.stop());

/** What the tool prints, the error included. */
async function tool(name: string, request: object): Promise<any> {
  const common = {
    node: chain.url,
    payer_key: stranger.key.toBase58(),
    proofs: false,
    poll_ms: 100,
    wait_seconds: 60,
    account: account.address.toBase58(),
    terms,
  };
  const text = JSON.stringify({ ...common, ...request });
  return await answer(await findTool(name), text, () => undefined).catch((error) =>
    known(error).toJSON(),
  );
}

/** A call as the seller gets it, with its token's proof. */
function sold(nonce: number) {
  const step = calls.step({ nonce, limit: BigInt(nonce) * PRICE });
  return {
    ...calls.opened(step),
    token: {
      sealrun: 1,
      issuer: 'gitlab',
      statement: statementJson(step.token),
      facts: {
        project_id: '1',
        ref_path: 'refs/tags/v1',
        ref_protected: 'true',
        runner_environment: 'gitlab-hosted',
        sha: 'ab',
        ci_config_ref_uri: 'gitlab.com/a/b',
        ci_config_sha: 'ab',
        pipeline_source: 'api',
        user_id: '2',
      },
      proof: 'AAAA',
    },
  };
}

const folding = (nonces: number[], settled: object[] = [], change: object = {}) =>
  tool('fold', {
    buyer: buyer.address.toBase58(),
    key_hashes: calls.ISSUER.map(String),
    settled,
    calls: nonces.map(sold),
    ...change,
  });

function voucher(limit: bigint) {
  const list = voucherFields(
    DEVNET,
    account.address,
    TokenId.default,
    UInt64.from(limit),
    Field(5),
  );
  const signature = Signature.create(buyer.key, list).toBase58();
  return { limit: `${limit}`, call_hash: '5', signature };
}

const settling = (fold: object, limit: bigint, change: object = {}) =>
  tool('settle-proved', {
    fold,
    voucher: voucher(limit),
    seller_key: seller.key.toBase58(),
    ...change,
  });

describe('a proved account by its tools', () => {
  let one: any;
  let two: any;

  test('open takes terms that name keys', async () => {
    const request = { account_key: account.key.toBase58(), deposit: `${10n * MINA}` };
    const opened = await tool('open', {
      ...request,
      payer_key: buyer.key.toBase58(),
      buyer: buyer.address.toBase58(),
    });
    assert.equal(opened.status, 'included', JSON.stringify(opened));
    assert.equal(opened.terms_hash, `${agreed.hash()}`);
  });

  test('fold makes one proof of calls in any order', async () => {
    one = await folding([3, 1]);
    assert.equal(one.sealrun, 1, JSON.stringify(one));
    const { amount, count } = one.statement;
    assert.deepEqual([amount, count], [`${2n * PRICE}`, 2]);
    const subject = (each: { call: string }) => each.call;
    assert.deepEqual(
      one.calls.map(subject),
      [3, 1].map((nonce) => sold(nonce).token.statement.audience.split(':')[3]),
    );
  });

  const refusals: [string, () => Promise<any>, string, RegExp][] = [
    ['a call twice', () => folding([1, 1]), 'not-owed', /^calls.1: Key already exists/],
    [
      'a call of another account',
      () => folding([1], [], { account: stranger.address.toBase58() }),
      'bad-request',
      /^calls.0.call.account: expected/,
    ],
    [
      'a call that another buyer signed',
      () => folding([1], [], { buyer: stranger.address.toBase58() }),
      'not-owed',
      /^calls.0: the call is not signed by the buyer/,
    ],
    [
      'keys of another root',
      () => folding([1], [], { key_hashes: ['11', '22'] }),
      'bad-request',
      /^key_hashes: expected the keys under the terms' root/,
    ],
    ['no calls', () => folding([]), 'bad-request', /^calls: expected at least one call$/],
    [
      'terms of an oracle',
      () => folding([1], [], { terms: { ...terms, keys: undefined, oracle: terms.seller } }),
      'bad-request',
      /^terms.keys: expected the root of an issuer$/,
    ],
    [
      'an oracle beside the keys',
      () => folding([1], [], { terms: { ...terms, oracle: terms.seller } }),
      'bad-request',
      /^terms.keys: expected the root of the issuer, not 0, and no oracle/,
    ],
    [
      'an offer that is not the one of the call',
      () => {
        const call = sold(1);
        return folding([], [], { calls: [{ ...call, offer: { ...call.offer, facts: '1' } }] });
      },
      'bad-request',
      /^calls.0.call.offer_hash: expected/,
    ],
    [
      'a price in no asset of the terms',
      () => {
        const call = sold(1);
        const prices = call.offer.prices.slice(1);
        return folding([], [], { calls: [{ ...call, offer: { ...call.offer, prices } }] });
      },
      'bad-request',
      /^calls.0.offer.prices: expected one in the asset/,
    ],
    [
      "a token of another issuer's key",
      () => {
        const call = sold(1);
        const statement = { ...call.token.statement, key: '44' };
        return folding([], [], { calls: [{ ...call, token: { ...call.token, statement } }] });
      },
      'bad-request',
      /^calls.0.token: expected a proof under one of the terms' keys$/,
    ],
    [
      'a token that names no outputs',
      () => {
        const call = sold(1);
        const audience = call.token.statement.audience.split(':').slice(0, 4).join(':');
        const statement = {
          ...call.token.statement,
          audience: audience.replace('done', 'call'),
        };
        return folding([], [], { calls: [{ ...call, token: { ...call.token, statement } }] });
      },
      'not-owed',
      /^calls.0: the token does not say that the call is done/,
    ],
  ];
  for (const [name, work, type, detail] of refusals)
    test(`A16: fold refuses ${name}`, async () => {
      const refused = await work();
      assert.equal(refused.type, type, JSON.stringify(refused));
      assert.match(refused.detail, detail);
    });

  test('settle-proved pays the fold once, whoever sends it', async () => {
    const settled = await settling(one, 3n * PRICE);
    assert.equal(settled.status, 'included', JSON.stringify(settled));
    assert.deepEqual(
      [settled.spent, settled.settled, settled.count],
      [`${2n * PRICE}`, `${2n * PRICE}`, 2],
    );
    const again = await settling(one, 3n * PRICE);
    assert.deepEqual([again.status, again.spent], ['already-settled', `${2n * PRICE}`]);
  });

  test('A16: settle-proved asks and signs nothing about a fold of other terms', async () => {
    // Whoever names other terms names another asset, in which the account's address may have an account of its own.
    const asset = TokenId.toBase58(calls.CREDIT);
    for (const other of [{ asset }, { operator_share: 251 }]) {
      const refused = await settling(one, 3n * PRICE, { terms: { ...terms, ...other } });
      assert.equal(refused.type, 'not-owed', JSON.stringify(refused));
      assert.match(refused.detail, /^the fold is for other terms/);
    }
  });

  test('settle-proved refuses a fold that does not go on from there', async () => {
    const stale = await settling(await folding([2]), 3n * PRICE);
    assert.equal(stale.type, 'not-owed');
    assert.match(stale.detail, /does not begin where the account is/);
  });

  test('fold refuses a call that is settled', async () => {
    const refused = await folding([2, 1], one.calls);
    assert.equal(refused.type, 'not-owed', JSON.stringify(refused));
    assert.match(refused.detail, /^calls.1: Key already exists/);
  });

  test('settle-proved refuses a total above the voucher, and a settlement without the seller', async () => {
    two = await folding([2], one.calls);
    assert.equal(two.sealrun, 1, JSON.stringify(two));
    const above = await settling(two, 3n * PRICE - 1n);
    assert.match(above.detail, /the due is above the voucher/);
    const forged = await settling(two, 3n * PRICE, { seller_key: operator.key.toBase58() });
    assert.match(forged.detail, /not signed by the terms' seller/);
  });

  test("settle-proved takes the seller's signature in the place of its key", async () => {
    const total = UInt64.from(3n * PRICE);
    const list = settleFields(
      DEVNET,
      account.address,
      TokenId.default,
      Field(two.statement.after),
      total,
    );
    const signature = Signature.create(seller.key, list).toBase58();
    const settled = await settling(two, 3n * PRICE, { seller_key: undefined, signature });
    assert.equal(settled.status, 'included', JSON.stringify(settled));
    assert.deepEqual([settled.spent, settled.count], [`${3n * PRICE}`, 3]);
  });

  test('settle of a prepaid account refuses it', async () => {
    const due = { due: '1', tree_root: '1', count: 1, signature: voucher(1n).signature };
    const oracle = { ...terms, keys: undefined, oracle: stranger.address.toBase58() };
    const refused = await tool('settle', { terms: oracle, voucher: voucher(1n), due });
    assert.match(refused.detail, /prepaid account runs other code/);
  });

  test('pay-operator, exit and withdraw are those of every account', async () => {
    const paid = await tool('pay-operator', {});
    assert.equal(paid.status, 'included', JSON.stringify(paid));
    assert.equal(paid.amount, `${(3n * PRICE * 250n) / 10_000n}`);
    const exit = await tool('exit', { buyer_key: buyer.key.toBase58() });
    assert.equal(exit.status, 'included', JSON.stringify(exit));
    await chain.post('/slots', { count: 80 });
    const left = await tool('withdraw', { buyer_key: buyer.key.toBase58() });
    assert.equal(left.amount, `${10n * MINA - 3n * PRICE}`, JSON.stringify(left));
  });
});
