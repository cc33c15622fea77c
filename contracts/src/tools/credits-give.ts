/** Gives the payer's credits away: one proof, the token's. Asked twice with the same `nonce`, it gives at most once. */
import { FungibleToken } from 'mina-fungible-token';
import { payFrom } from '../new_account.js';
import { atLeastOne, fetchCredit } from './credits.js';
import { run, type Tool } from './run.js';

export const tool: Tool = async (request, session) => {
  const { token, tokenId } = await fetchCredit(session, request.address('token'));
  const [payer, to] = [session.payer.toPublicKey(), request.address('to')];
  const amount = request.amount('amount');
  atLeastOne(amount.toBigInt());
  if (to.equals(payer).toBoolean()) request.refuse('to', 'another than the payer');
  if (to.equals(token).toBoolean()) request.refuse('to', "another than the token's owner");
  await session.holds(amount.toBigInt(), tokenId);
  const fresh = await session.creationFee(to, tokenId);
  await session.covers(fresh);
  await session.compile('FungibleToken');
  const nonce = request.has('nonce') ? request.whole('nonce', 0, 2 ** 32 - 1) : undefined;
  const give = async () => {
    payFrom(payer, fresh);
    await new FungibleToken(token).transfer(payer, to, amount);
  };
  const sent = await session.send(give, [], nonce);
  return { ...sent, amount: `${amount}`, to: to.toBase58() };
};

if (import.meta.main) await run(tool);
