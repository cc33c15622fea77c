/**
 * Mints credits and locks their backing: two proofs, of token and vault. `minted` is what the vault counted before: the
 * proof holds for that count alone, so that however often it is asked for, one mint is made of it.
 */
import { FungibleToken } from 'mina-fungible-token';
import { UInt64 } from 'o1js';
import { payFrom } from '../new_account.js';
import { atLeastOne, fetchCredit, requirePayerIs } from './credits.js';
import { ToolError } from './errors.js';
import { run, type Tool } from './run.js';

export const tool: Tool = async (request, session) => {
  const view = await fetchCredit(session, request.address('token'));
  requirePayerIs(session, view.seller, 'credit');
  const [amount, before] = [
    request.amount('amount').toBigInt(),
    request.decimal('minted', 2n ** 64n),
  ];
  atLeastOne(amount);
  const to = request.has('to') ? request.address('to') : view.seller;
  if (view.minted === before + amount)
    return { status: 'already-minted', minted: `${view.minted}` };
  if (view.minted !== before)
    throw new ToolError(
      'wrong-account',
      `the vault counts other credits: expected ${before} minted, got ${view.minted}`,
    );
  if (before + amount > view.cap)
    throw new ToolError(
      'proof-failed',
      `the mint is above the cap: expected at most ${view.cap - before}, got ${amount}`,
    );
  const slot = BigInt(await session.currentSlot());
  if (slot >= view.expiry)
    throw new ToolError(
      'proof-failed',
      `the credits have expired: expected a slot before ${view.expiry}, got ${slot}`,
    );
  const paid = amount * view.backing + (await session.creationFee(to, view.tokenId));
  await session.covers(paid);
  await session.compile('CreditVault', 'FungibleToken');
  const payer = session.payer.toPublicKey();
  const sent = await session.send(async () => {
    payFrom(payer, paid);
    await new FungibleToken(view.token).mint(to, UInt64.from(amount));
  });
  return { ...sent, amount: `${amount}`, to: to.toBase58(), minted: `${before + amount}` };
};

if (import.meta.main) await run(tool);
