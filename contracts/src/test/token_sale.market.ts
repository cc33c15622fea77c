/**
 * A sale in a token with real proofs: the tools against the local chain, which verifies. `make test-token`; minutes, 3 GB.
 * With PROOFS=off every proof counts as valid.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Field, Signature, TokenId, UInt32, UInt64 } from 'o1js';
import '../backend.js';
import { dueFields, receiptsRoot, voucherFields } from '../fields.js';
import { type RunningChain, startChain } from '@sealrun/local-mina/process';
import { findTool } from '../tools/all.js';
import { answer } from '../tools/run.js';
import { DEVNET, type Party, party } from './world.js';
import { deploy } from '../deploy_token.js';

const [buyer, seller, operator, oracle, account, owner, admin] = Array.from(
  { length: 7 },
  party,
) as [Party, Party, Party, Party, Party, Party, Party];
const token = TokenId.derive(owner.address);
const asset = TokenId.toBase58(token);
const terms = {
  network: 'mina:devnet',
  asset,
  ledger: '3',
  seller: seller.address.toBase58(),
  operator: operator.address.toBase58(),
  operator_share: 1000,
  oracle: oracle.address.toBase58(),
  exit_delay: 10,
};
const proofs = process.env['PROOFS'] !== 'off';
let chain: RunningChain;

before(async () => {
  chain = await startChain(proofs ? [] : ['--no-proofs']);
  for (const { address } of [buyer, seller, operator])
    await chain.post('/faucet', { address: address.toBase58() });
});
after(() => chain.stop());

/** In this process, so that each contract is compiled once. */
async function tool(name: string, payer: Party, request: object): Promise<Record<string, unknown>> {
  const common = { node: chain.url, payer_key: payer.key.toBase58(), poll_ms: 200, proofs };
  const started = performance.now();
  const tool = name === 'deploy' ? deploy : await findTool(name);
  const result = await answer(tool, JSON.stringify({ ...common, ...request }), () => undefined);
  console.error(`${name}: ${((performance.now() - started) / 1000).toFixed(1)} s`);
  return result as Record<string, unknown>;
}

async function held({ address }: Party): Promise<bigint> {
  const { data } = await chain.query(
    `{ account(publicKey: "${address.toBase58()}", token: "${asset}") { balance { total } } }`,
  );
  return BigInt(data.account.balance.total);
}

function owed(units: bigint, count: number) {
  const [due, treeRoot, callHash] = [UInt64.from(units), Field(units), Field(5)];
  const root = receiptsRoot(treeRoot, UInt32.from(count).value);
  const voucher = voucherFields(DEVNET, account.address, token, due, callHash);
  const list = dueFields(DEVNET, account.address, token, due, root);
  return {
    account: account.address.toBase58(),
    terms,
    voucher: {
      limit: `${units}`,
      call_hash: '5',
      signature: Signature.create(buyer.key, voucher).toBase58(),
    },
    due: {
      due: `${units}`,
      tree_root: `${treeRoot}`,
      count,
      signature: Signature.create(oracle.key, list).toBase58(),
    },
  };
}

describe('a sale in a token with real proofs', () => {
  test('a token is deployed and minted, and those who are paid get accounts in it', async () => {
    const keys = { owner_key: owner.key.toBase58(), admin_key: admin.key.toBase58() };
    const mint = [{ to: buyer.address.toBase58(), amount: '100' }];
    await tool('deploy', seller, { ...keys, decimals: 0, symbol: 'RUN', mint });
    const addresses = [seller, operator].map(({ address }) => address.toBase58());
    const { status } = await tool('receive', seller, { asset, addresses });
    assert.equal(status, 'included');
    assert.equal(await held(buyer), 100n);
  });

  test('opened, topped up, settled, and the share paid out', async () => {
    const opening = { account_key: account.key.toBase58(), terms, deposit: '40' };
    assert.equal((await tool('open', buyer, opening))['status'], 'included');
    const more = { account: account.address.toBase58(), asset, amount: '10' };
    assert.equal((await tool('topup', buyer, more))['status'], 'included');
    assert.equal((await tool('settle', seller, owed(20n, 2)))['settled'], '20');
    const paid = await tool('pay-operator', operator, {
      account: account.address.toBase58(),
      terms,
    });
    assert.equal(paid['amount'], '2');
    const everyone = await Promise.all([buyer, account, seller, operator, owner].map(held));
    assert.deepEqual(everyone, [50n, 30n, 18n, 2n, 100n]);
  });

  test('left and withdrawn from', async () => {
    const leaving = {
      account: account.address.toBase58(),
      terms,
      buyer_key: buyer.key.toBase58(),
    };
    const { exit_slot } = await tool('exit', buyer, leaving);
    await chain.post('/slots', { count: exit_slot });
    assert.equal((await tool('withdraw', buyer, leaving))['amount'], '30');
    assert.deepEqual(await Promise.all([buyer, account, owner].map(held)), [80n, 0n, 100n]);
  });
});
