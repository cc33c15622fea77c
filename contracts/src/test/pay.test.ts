/** The tool `pay` against the local chain: a payment with a memo, as whoever watches a node sees it. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import '../backend.js';
import { type RunningChain, startChain } from '@sealrun/local-mina/process';
import { findTool } from '../tools/all.js';
import { answer, known } from '../tools/run.js';
import { MINA, party } from './world.js';

const [payer, shop, nobody] = [party(), party(), party()];
const MEMO = 'sealrun 0123456789abcdefghijklmn';
/** As nodes write it; tests/sealrun/calls/test_sale.py has the same. */
const WRITTEN = 'E4ZS7ZjcuGqxnGk1YNugef16VkokZ7dRfXTn7UatNfUfEvE2zG8MP';
let chain: RunningChain;

before(async () => {
  chain = await startChain(['--no-proofs']);
  for (const who of [payer, shop]) await chain.post('/faucet', { address: who.address.toBase58() });
});
after(() => chain.stop());

async function pay(request: object): Promise<any> {
  const common = {
    node: chain.url,
    payer_key: payer.key.toBase58(),
    to: shop.address.toBase58(),
    amount: `${MINA}`,
    memo: MEMO,
    proofs: false,
    poll_ms: 50,
    wait_seconds: 20,
  };
  try {
    const text = JSON.stringify({ ...common, ...request });
    return await answer(await findTool('pay'), text, () => {});
  } catch (error) {
    return { error: known(error) };
  }
}

async function balance(): Promise<bigint> {
  const { data } = await chain.query(
    `{ account(publicKey: "${shop.address.toBase58()}") { balance { total } } }`,
  );
  return BigInt(data.account.balance.total);
}

test('a payment shows its payer, its amount and its memo, and is made once', async () => {
  const before = await balance();
  const sent = await pay({ nonce: 0 });
  assert.equal(sent.status, 'included');
  assert.ok((await pay({ nonce: 0 })).error, 'the nonce is used up');
  assert.equal(await balance(), before + BigInt(MINA));

  const { data } = await chain.query(`{ bestChain(maxLength: 290) { transactions {
    userCommands { hash }
    zkappCommands { hash failureReason { failures } zkappCommand { memo feePayer { body { publicKey } }
      accountUpdates { body { publicKey tokenId balanceChange { magnitude sgn } } } } }
  } } }`);
  const all = data.bestChain.flatMap((block: any) => {
    assert.deepEqual(block.transactions.userCommands, []);
    return block.transactions.zkappCommands;
  });
  const { zkappCommand, failureReason } = all.find((each: any) => each.hash === sent.hash);
  assert.equal(failureReason, null);
  assert.equal(zkappCommand.feePayer.body.publicKey, payer.address.toBase58());
  assert.equal(zkappCommand.memo, WRITTEN);
  const gained = zkappCommand.accountUpdates.filter(
    ({ body }: any) => body.publicKey === shop.address.toBase58(),
  );
  assert.deepEqual(
    gained.map(({ body }: any) => body.balanceChange),
    [{ magnitude: `${MINA}`, sgn: 'Positive' }],
  );
});

for (const [what, request, expected] of [
  ['with a memo that is too long', { memo: `${MEMO}x` }, /memo: expected at most 32/],
  ['with a memo of other characters', { memo: 'é' }, /memo: expected at most 32 printable/],
  ['of nothing', { amount: '0' }, /amount: expected at least 1/],
  ['to the payer itself', { to: payer.address.toBase58() }, /to: expected another than the payer/],
  [
    'to an address without an account',
    { to: nobody.address.toBase58() },
    /the payee has no account/,
  ],
  ['of more than the payer has', { amount: `${10n ** 18n}` }, /expected at least/],
] as const)
  test(`a payment is refused: ${what}`, async () => {
    const { error } = await pay(request);
    assert.match(String(error?.message), expected);
  });
