/**
 * Adds money to a prepaid account: signatures only, no proof. Anyone may pay. Asked twice with the same `nonce`, it
 * pays at most once: a nonce is used up by the first transaction in a block.
 */
import { addDeposit } from '../opening.js';
import { ToolError } from './errors.js';
import { fetchPrepaid } from './prepaid.js';
import { run, type Tool } from './run.js';

export const tool: Tool = async (request, session) => {
  const account = request.address('account');
  const amount = request.amount('amount');
  const nonce = request.has('nonce') ? request.whole('nonce', 0, 2 ** 32 - 1) : undefined;
  const { exitSlot } = await fetchPrepaid(session, account);
  if (exitSlot !== 0n)
    throw new ToolError(
      'wrong-account',
      `the exit was requested: expected exit slot 0, got ${exitSlot}`,
    );
  const payer = session.payer.toPublicKey();
  const sent = await session.send(async () => addDeposit(payer, account, amount), [], nonce);
  return { ...sent, account: account.toBase58(), amount: amount.toString() };
};

if (import.meta.main) await run(tool);
