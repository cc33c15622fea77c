/** Takes back all that an ask has not sold: two proofs. Asked again, it finds nothing left. The payer is its seller. */
import { UInt64 } from 'o1js';
import { payFrom } from '../new_account.js';
import { fetchAsk, fetchCredit, requirePayerIs } from './credits.js';
import { run, type Tool } from './run.js';

export const tool: Tool = async (request, session) => {
  const { token, tokenId } = await fetchCredit(session, request.address('token'));
  const ask = await fetchAsk(session, request.address('ask'), tokenId);
  requirePayerIs(session, ask.seller, 'ask');
  const told = { ask: ask.contract.address.toBase58(), amount: `${ask.amount}` };
  if (ask.amount === 0n) return { status: 'already-taken', ...told };
  const fresh = await session.creationFee(ask.seller, tokenId);
  await session.covers(fresh);
  const sent = await session.sendApproved(token, 'Ask', async () => {
    payFrom(ask.seller, fresh);
    await ask.contract.takeBack(UInt64.from(ask.amount));
  });
  return { ...sent, ...told };
};

if (import.meta.main) await run(tool);
