import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ToolError } from '../tools/errors.js';
import { onNewestState } from '../tools/newest_state.js';

/** Loses so many races to somebody's transaction before it gets through; the numbers of its attempts. */
async function losing(times: number, error: Error): Promise<number[]> {
  const attempts: number[] = [];
  await onNewestState(
    () => undefined,
    async (number) => {
      attempts.push(number);
      if (attempts.length <= times) throw error;
    },
  );
  return attempts;
}

describe('an honest transaction that a stranger got in front of', () => {
  for (const lost of [
    new ToolError('failed', 'Account_app_state_5_precondition_unsatisfied'),
    new ToolError('failed', 'Account_balance_precondition_unsatisfied'),
    new ToolError('refused', 'the fee payer has another nonce: expected 3, got 2'),
  ]) {
    test(`A6, A12: is made again on the newest state: ${lost.message}`, async () => {
      assert.deepEqual(await losing(0, lost), [1]);
      assert.deepEqual(await losing(4, lost), [1, 2, 3, 4, 5]);
      await assert.rejects(losing(5, lost), lost);
    });
  }

  for (const other of [
    new ToolError('proof-failed', 'the withdrawal is not signed by the buyer'),
    new ToolError('not-included', 'precondition'),
    new Error('precondition'),
  ]) {
    test(`is not made again for another reason: ${other.message}`, async () => {
      await assert.rejects(losing(1, other), other);
    });
  }
});
