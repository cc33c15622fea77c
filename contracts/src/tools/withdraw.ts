/** Pays the rest to the buyer, once the exit slot is reached. Anyone may run it. */
import { UInt64 } from 'o1js';
import { PrepaidAccount } from '../prepaid_account.js';
import { ToolError } from './errors.js';
import { fetchPrepaid } from './prepaid.js';
import { run, type Tool } from './run.js';

export const tool: Tool = async (request, session) => {
  const view = await fetchPrepaid(session, request.address('account'));
  if (view.exitSlot === 0n) throw new ToolError('not-yet', 'the exit was not requested');
  const slot = BigInt(await session.currentSlot());
  if (slot < view.exitSlot)
    throw new ToolError(
      'not-yet',
      `the exit slot is not reached: expected ${view.exitSlot}, got ${slot}`,
    );
  const amount = request.amount('amount', view.balance - view.accrued);
  if (amount.toBigInt() === 0n) return { status: 'already-withdrawn', amount: '0' };
  await session.account(view.buyer, 'buyer');
  await session.compile(PrepaidAccount);
  const sent = await session.send(() => view.contract.withdraw(UInt64.from(amount)));
  return { ...sent, amount: amount.toString(), buyer: view.buyer.toBase58() };
};

if (import.meta.main) await run(tool);
