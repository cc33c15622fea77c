/** Whoever is paid in a token needs an account in it. The payer opens one only where its request says so. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Field, type PrivateKey, Signature, TokenId, UInt32, UInt64 } from 'o1js';
import '../backend.js';
import { type RunningChain, startChain } from '@sealrun/local-mina/process';
import { Terms, dueFields, receiptsRoot, voucherFields } from '../fields.js';
import { openTokenAccount } from '../fungible_token.js';
import { findTool } from '../tools/all.js';
import { Request } from '../tools/request.js';
import { answer, known } from '../tools/run.js';
import { Session } from '../tools/session.js';
import { pinnedKeys } from '../verification_keys.js';
import { DEVNET, MINA, type Party, party } from './world.js';

const [issuer, stranger, buyer, seller, operator, oracle, token, vault, account] = Array.from(
  { length: 9 },
  party,
) as Party[] as [Party, Party, Party, Party, Party, Party, Party, Party, Party];
const tokenId = TokenId.derive(token.address);
const terms = {
  network: 'mina:devnet',
  asset: TokenId.toBase58(tokenId),
  ledger: '7',
  seller: seller.address.toBase58(),
  operator: operator.address.toBase58(),
  operator_share: 5000,
  oracle: oracle.address.toBase58(),
  exit_delay: 20,
};
const named = { account: account.address.toBase58(), terms };
let chain: RunningChain;

before(async () => {
  chain = await startChain(['--no-proofs']);
  for (const who of [issuer, stranger])
    await chain.post('/faucet', { address: who.address.toBase58() });
  const owner = token.address.toBase58();
  const issue = { token_key: token.key.toBase58(), vault_key: vault.key.toBase58(), symbol: 'RUN' };
  const uri = `https://ci.example/run.json#${'5f'.repeat(32)}`;
  const sold = { ...issue, cap: '9', backing: '1', expiry: 1000, uri };
  assert.equal((await tool('credits-issue', issuer, sold)).status, 'included');
  const mint = { token: owner, amount: '9', minted: '0' };
  assert.equal((await tool('credits-mint', issuer, mint)).status, 'included');
  await open();
});
after(() => chain.stop());

function asked(payer: { key: PrivateKey }, request: object): string {
  const key = payer.key.toBase58();
  const common = { node: chain.url, payer_key: key, proofs: false, poll_ms: 50, wait_seconds: 20 };
  return JSON.stringify({ ...common, ...request });
}

async function tool(name: string, payer: { key: PrivateKey }, request: object): Promise<any> {
  try {
    return await answer(await findTool(name), asked(payer, request), () => {});
  } catch (error) {
    return { error: known(error) };
  }
}

/** The tool `open` asks for these accounts; whoever opens one without it does not. */
async function open() {
  const opening = {
    owner: token.address,
    payer: issuer.address,
    account: account.address,
    buyer: buyer.address,
    deposit: UInt64.from(9),
    verificationKey: pinnedKeys().PrepaidAccount,
    terms: new Terms({
      network: DEVNET,
      asset: tokenId,
      ledger: Field(7),
      seller: seller.address,
      operator: operator.address,
      operatorShare: UInt32.from(5000),
      oracle: oracle.address,
      keys: Field(0),
      exitDelay: UInt32.from(20),
    }),
  };
  const session = await Session.open(Request.parse(asked(issuer, {})), () => {});
  await session.send(async () => void (await openTokenAccount(opening)), [account.key]);
}

async function held(who: Party, asset = tokenId): Promise<bigint | undefined> {
  const [key, id] = [who.address.toBase58(), TokenId.toBase58(asset)];
  const { data } = await chain.query(
    `{ account(publicKey: "${key}", token: "${id}") { balance { total } } }`,
  );
  return data.account ? BigInt(data.account.balance.total) : undefined;
}

/** Without its word the stranger pays for nobody's account; with it, once. */
async function opensWhenTold(name: string, request: object, receiver: Party, gets: bigint) {
  const had = (await held(stranger, TokenId.default))!;
  const { error } = await tool(name, stranger, request);
  assert.equal(error?.type, 'receiver-missing', String(error?.message));
  assert.ok(error.message.endsWith(receiver.address.toBase58()));
  assert.deepEqual([await held(stranger, TokenId.default), await held(receiver)], [had, undefined]);
  const done = await tool(name, stranger, { ...request, open_receiver: true });
  assert.equal(done.status, 'included', String(done.error?.message));
  assert.equal(await held(receiver), gets);
  assert.equal(await held(stranger, TokenId.default), had - MINA - MINA / 10n);
}

function owed(due: number, count: number) {
  const [amount, tree, call] = [UInt64.from(due), Field(due), Field(5)];
  const limit = voucherFields(DEVNET, account.address, tokenId, amount, call);
  const root = receiptsRoot(tree, Field(count));
  const signed = dueFields(DEVNET, account.address, tokenId, amount, root);
  const voucher = Signature.create(buyer.key, limit).toBase58();
  const signature = Signature.create(oracle.key, signed).toBase58();
  return {
    ...named,
    voucher: { limit: `${due}`, call_hash: `${call}`, signature: voucher },
    due: { due: `${due}`, tree_root: `${tree}`, count, signature },
  };
}

describe('whoever has no account in the token gets one from a payer who says so', () => {
  test('settle, for the seller', () => opensWhenTold('settle', owed(4, 1), seller, 2n));

  test('pay-operator', () => opensWhenTold('pay-operator', named, operator, 2n));

  test('nothing more is paid where the account is there', async () => {
    const had = (await held(stranger, TokenId.default))!;
    const again = await tool('settle', stranger, { ...owed(6, 2), open_receiver: true });
    assert.deepEqual([again.status, await held(seller)], ['included', 3n]);
    assert.equal(await held(stranger, TokenId.default), had - MINA / 10n);
  });

  test('withdraw, for the buyer', async () => {
    const own = { ...named, buyer_key: buyer.key.toBase58() };
    const asked = await tool('exit', stranger, own);
    assert.equal(asked.status, 'included', String(asked.error?.message));
    await chain.post('/slots', { count: 100 });
    await opensWhenTold('withdraw', own, buyer, 3n);
  });
});
