/** The credits' tools against the local chain, from issue to cash, each asked twice where its answer could be lost. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type PrivateKey, TokenId } from 'o1js';
import '../backend.js';
import { type RunningChain, startChain } from '@sealrun/local-mina/process';
import { findTool } from '../tools/all.js';
import { answer, known } from '../tools/run.js';
import { MINA, type Party, party } from './world.js';

const [seller, buyer, mate, oracle] = Array.from({ length: 4 }, party) as [
  Party,
  Party,
  Party,
  Party,
];
const [token, vault, ask, account] = Array.from({ length: 4 }, party) as [
  Party,
  Party,
  Party,
  Party,
];
const tokenId = TokenId.derive(token.address);
const owner = token.address.toBase58();
const URI = `https://ci.example/run.json#${'5f'.repeat(32)}`;
let chain: RunningChain;

before(async () => {
  chain = await startChain(['--no-proofs']);
  for (const who of [seller, buyer, mate])
    await chain.post('/faucet', { address: who.address.toBase58() });
});
after(() => chain.stop());

/** What a tool answers, in this process; its error where it gives up. */
async function tool(name: string, payer: { key: PrivateKey }, request: object): Promise<any> {
  const common = {
    node: chain.url,
    payer_key: payer.key.toBase58(),
    proofs: false,
    poll_ms: 50,
    wait_seconds: 20,
  };
  try {
    const text = JSON.stringify({ ...common, ...request });
    return await answer(await findTool(name), text, () => {});
  } catch (error) {
    return { error: known(error) };
  }
}

async function refused(work: Promise<any>, type: string, why: RegExp) {
  const { error } = await work;
  assert.deepEqual([error?.type, why.test(error?.message)], [type, true], String(error?.message));
}

async function held(address: Party, id = TokenId.toBase58(tokenId)): Promise<bigint> {
  const key = address.address.toBase58();
  const { data } = await chain.query(
    `{ account(publicKey: "${key}", token: "${id}") { balance { total } } }`,
  );
  return BigInt(data.account?.balance.total ?? 0);
}

async function nonce(who: Party): Promise<number> {
  const { data } = await chain.query(
    `{ account(publicKey: "${who.address.toBase58()}") { nonce } }`,
  );
  return Number(data.account.nonce);
}

const issue = {
  token_key: token.key.toBase58(),
  vault_key: vault.key.toBase58(),
  cap: '100',
  backing: String(MINA / 2n),
  expiry: 1000,
  symbol: 'RUN',
  uri: URI,
};

describe('credits from issue to cash', () => {
  test('issue: once, and found again', async () => {
    const first = await tool('credits-issue', seller, issue);
    assert.deepEqual([first.status, first.token], ['included', owner], JSON.stringify(first));
    const again = await tool('credits-issue', seller, issue);
    assert.equal(again.status, 'already-issued');
    const other = tool('credits-issue', seller, { ...issue, cap: '101' });
    await refused(other, 'wrong-account', /issued already, with other terms/);
    const late = { ...issue, token_key: party().key.toBase58(), expiry: 1 };
    await chain.post('/slots', { count: 2 });
    await refused(tool('credits-issue', seller, late), 'bad-request', /expected a slot after/);
  });

  test('mint: the count of before makes it one mint', async () => {
    const request = { token: owner, amount: '60', minted: '0' };
    await refused(tool('credits-mint', buyer, request), 'wrong-account', /not the seller/);
    const first = await tool('credits-mint', seller, request);
    assert.deepEqual([first.status, first.minted], ['included', '60'], JSON.stringify(first));
    assert.deepEqual(await tool('credits-mint', seller, request), {
      status: 'already-minted',
      minted: '60',
    });
    const stale = { ...request, amount: '1' };
    await refused(
      tool('credits-mint', seller, stale),
      'wrong-account',
      /expected 0 minted, got 60/,
    );
    const above = { token: owner, amount: '41', minted: '60' };
    await refused(tool('credits-mint', seller, above), 'proof-failed', /at most 40, got 41/);
    assert.equal(await held(seller), 60n);
  });

  test('sell: once for a key, repriced, and never more than one has', async () => {
    const request = {
      token: owner,
      ask_key: ask.key.toBase58(),
      amount: '40',
      price: String(MINA),
    };
    const more = { ...request, ask_key: party().key.toBase58(), amount: '61' };
    await refused(tool('credits-sell', seller, more), 'too-little', /at least 61/);
    const first = await tool('credits-sell', seller, request);
    assert.equal(first.status, 'included', JSON.stringify(first));
    assert.equal((await tool('credits-sell', seller, request)).status, 'already-open');
    const other = { ...request, price: '1' };
    await refused(tool('credits-sell', seller, other), 'wrong-account', /open at another price/);
    const priced = { token: owner, ask: ask.address.toBase58(), price: String(2n * MINA) };
    await refused(tool('credits-reprice', buyer, priced), 'wrong-account', /not the seller/);
    assert.equal((await tool('credits-reprice', seller, priced)).status, 'included');
    assert.equal((await tool('credits-reprice', seller, priced)).status, 'already-priced');
    assert.equal(await held(ask), 40n);
  });

  test('buy: at the agreed price or not at all, and once for a nonce', async () => {
    const request = { token: owner, ask: ask.address.toBase58(), amount: '5' };
    const old = { ...request, price: String(MINA) };
    await refused(tool('credits-buy', buyer, old), 'wrong-account', /another price now/);
    const agreed = { ...request, price: String(2n * MINA) };
    const many = { ...agreed, amount: '41' };
    await refused(tool('credits-buy', buyer, many), 'wrong-account', /too few/);
    const once = { ...agreed, nonce: await nonce(buyer) };
    const first = await tool('credits-buy', buyer, once);
    assert.deepEqual([first.status, first.cost], ['included', String(10n * MINA)]);
    await refused(tool('credits-buy', buyer, once), 'refused', /nonce/);
    assert.equal(await held(buyer), 5n);
  });

  test('buy: straight into a new prepaid account, which exists once', async () => {
    const terms = {
      network: 'mina:devnet',
      asset: TokenId.toBase58(tokenId),
      ledger: '7',
      seller: seller.address.toBase58(),
      operator: seller.address.toBase58(),
      operator_share: 0,
      oracle: oracle.address.toBase58(),
      exit_delay: 20,
    };
    const request = {
      token: owner,
      ask: ask.address.toBase58(),
      amount: '4',
      price: String(2n * MINA),
      account_key: account.key.toBase58(),
      terms,
    };
    const mina = { ...terms, asset: TokenId.toBase58(TokenId.default) };
    await refused(
      tool('credits-buy', buyer, { ...request, terms: mina }),
      'bad-request',
      /expected ones in this credit/,
    );
    const first = await tool('credits-buy', buyer, request);
    assert.equal(first.status, 'included', JSON.stringify(first));
    await refused(tool('credits-buy', buyer, request), 'already-open', /nothing was paid/);
    assert.equal(await held(account), 4n);
  });

  test('give: to somebody new, once for a nonce', async () => {
    const once = {
      token: owner,
      to: mate.address.toBase58(),
      amount: '2',
      nonce: await nonce(buyer),
    };
    const first = await tool('credits-give', buyer, once);
    assert.equal(first.status, 'included', JSON.stringify(first));
    await refused(tool('credits-give', buyer, once), 'refused', /nonce/);
    const more = { ...once, amount: '4', nonce: await nonce(buyer) };
    await refused(tool('credits-give', buyer, more), 'too-little', /at least 4/);
    assert.deepEqual([await held(buyer), await held(mate)], [3n, 2n]);
  });

  test('take back: all that is left, and nothing the second time', async () => {
    const request = { token: owner, ask: ask.address.toBase58() };
    await refused(tool('credits-take-back', buyer, request), 'wrong-account', /not the seller/);
    assert.equal((await tool('credits-take-back', seller, request)).amount, '31');
    assert.equal((await tool('credits-take-back', seller, request)).status, 'already-taken');
    assert.equal(await held(seller), 51n);
  });

  test('redeem: the seller at any time, holders from the expiry on', async () => {
    const one = { token: owner, amount: '1' };
    await refused(tool('credits-redeem', buyer, one), 'not-yet', /only the seller/);
    const locked = await held(vault, TokenId.toBase58(TokenId.default));
    assert.equal((await tool('credits-redeem', seller, one)).paid, String(MINA / 2n));
    await chain.post('/slots', { count: 1000 });
    assert.equal((await tool('credits-redeem', buyer, one)).status, 'included');
    assert.equal(await held(vault, TokenId.toBase58(TokenId.default)), locked - MINA);
    const late = { token: owner, amount: '1', minted: '60' };
    await refused(tool('credits-mint', seller, late), 'proof-failed', /have expired/);
  });

  test('a token with another admin is no credit', async () => {
    await refused(
      tool('credits-give', buyer, {
        token: buyer.address.toBase58(),
        to: mate.address.toBase58(),
        amount: '1',
      }),
      'wrong-account',
      /runs other code/,
    );
  });
});
