// A history by the rules of the command, from receipts whose signatures were checked.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { historyOf, offersReceipt } from '../src/history.ts';
import type { Receipt } from '../src/verification/receipt.ts';

const receipt = (call: number, changes: Partial<Receipt> = {}): Receipt => {
  const made = { outcome: 'succeeded', grade: 1, finishedAt: 1000 + call, ...changes };
  const data = { call_hash: call, status: made.outcome, grade: made.grade };
  const status = made.outcome === 'succeeded' ? 1 : 2;
  return {
    ...made,
    hashes: { call_hash: BigInt(call) },
    data: { ...data, status, network: 'mina:devnet', finished_at: made.finishedAt },
  } as unknown as Receipt;
};

test('each call counts once, and none of which there are two receipts', () => {
  const [one, other] = [receipt(1), receipt(2, { outcome: 'failed' })];
  const lied = [receipt(3), receipt(3, { grade: 0 }), receipt(3)];
  assert.deepEqual(historyOf([one, other, one, ...lied], false), {
    runs: 2,
    good: 1,
    seconds: null,
    lowest: 1,
    typical: 1,
    since: 1001,
    until: 1002,
    more: false,
    twice: 1,
  });
});

test('of two grades that are as frequent the lower one is typical; without a good run there is none', () => {
  const { lowest, typical } = historyOf([receipt(1), receipt(2, { grade: 0 })], true);
  assert.deepEqual([lowest, typical], [0, 0]);
  const none = historyOf([receipt(1, { outcome: 'failed' })], true);
  assert.deepEqual([none.good, none.lowest, none.typical, none.more], [0, null, null, true]);
  assert.equal(historyOf([], false).since, null);
});

test('what is no receipt is refused', () => {
  const offer = { hash: '0'.repeat(64), network: 'mina:devnet', oracle: 'B62', grade: 0 };
  for (const document of [null, undefined, 5, [], {}, { data: {}, signature: '', publicKey: '' }])
    assert.throws(() => offersReceipt(document, offer, 0));
});
