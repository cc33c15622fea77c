/**
 * Adds money to a prepaid account: in MINA signatures only, in the token `asset` with its owner's proof. Anyone may pay. Asked twice with the same `nonce`, it
 * pays at most once: a nonce is used up by the first transaction in a block.
 */
import { TokenId } from 'o1js';
import { addTokenDeposit } from '../fungible_token.js';
import { addDeposit } from '../opening.js';
import { ToolError } from './errors.js';
import { fetchDeposit } from './prepaid.js';
import { run, type Tool } from './run.js';

export const tool: Tool = async (request, session) => {
  const account = request.address('account');
  const amount = request.amount('amount');
  const nonce = request.has('nonce') ? request.whole('nonce', 0, 2 ** 32 - 1) : undefined;
  const asset = request.asset(TokenId.default);
  const { exitSlot, owner } = await fetchDeposit(session, account, asset);
  if (exitSlot !== 0n)
    throw new ToolError(
      'wrong-account',
      `the exit was requested: expected exit slot 0, got ${exitSlot}`,
    );
  const payer = session.payer.toPublicKey();
  if (owner) {
    await session.holds(amount.toBigInt(), asset);
    await session.compile('FungibleToken');
  }
  const add = async () =>
    owner
      ? await addTokenDeposit(owner, payer, account, amount)
      : addDeposit(payer, account, amount);
  const sent = await session.send(add, [], nonce);
  return { ...sent, account: account.toBase58(), amount: amount.toString() };
};

if (import.meta.main) await run(tool);
