/** Sets an ask's price: two proofs. Asked again, it finds the price that is there. The payer is the ask's seller. */
import { atLeastOne, fetchAsk, fetchCredit, requirePayerIs } from './credits.js';
import { run, type Tool } from './run.js';

export const tool: Tool = async (request, session) => {
  const { token, tokenId } = await fetchCredit(session, request.address('token'));
  const ask = await fetchAsk(session, request.address('ask'), tokenId);
  requirePayerIs(session, ask.seller, 'ask');
  const price = request.amount('price');
  atLeastOne(price.toBigInt());
  const told = { ask: ask.contract.address.toBase58(), price: `${price}`, amount: `${ask.amount}` };
  if (ask.price === price.toBigInt()) return { status: 'already-priced', ...told };
  const sent = await session.sendApproved(token, 'Ask', () => ask.contract.reprice(price));
  return { ...sent, ...told };
};

if (import.meta.main) await run(tool);
