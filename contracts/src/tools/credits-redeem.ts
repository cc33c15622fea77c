/**
 * Burns the payer's credits and pays it their backing: two proofs. The seller may at any time, others from the expiry on.
 * Asked twice with the same `nonce`, it is done at most once.
 */
import { atLeastOne, fetchCredit } from './credits.js';
import { ToolError } from './errors.js';
import { run, type Tool } from './run.js';

export const tool: Tool = async (request, session) => {
  const view = await fetchCredit(session, request.address('token'));
  const holder = session.payer.toPublicKey();
  const amount = request.amount('amount');
  atLeastOne(amount.toBigInt());
  const slot = BigInt(await session.currentSlot());
  if (!view.seller.equals(holder).toBoolean() && slot < view.expiry)
    throw new ToolError(
      'not-yet',
      `only the seller turns credits in now: expected slot ${view.expiry}, got ${slot}`,
    );
  await session.holds(amount.toBigInt(), view.tokenId);
  await session.compile('CreditVault', 'FungibleToken');
  const nonce = request.has('nonce') ? request.whole('nonce', 0, 2 ** 32 - 1) : undefined;
  const sent = await session.send(() => view.vault.redeem(holder, amount), [], nonce);
  const paid = amount.toBigInt() * view.backing;
  return { ...sent, amount: `${amount}`, paid: `${paid}`, holder: holder.toBase58() };
};

if (import.meta.main) await run(tool);
