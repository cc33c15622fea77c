/** Opens an ask: one proof, the token's. Asked again with the same key, it finds the ask that is there. */
import { openAsk } from '../credit_opening.js';
import { ACCOUNT_CREATION_FEE } from '../protocol.js';
import { pinnedKeys } from '../verification_keys.js';
import { atLeastOne, fetchAsk, fetchCredit } from './credits.js';
import { ToolError } from './errors.js';
import { run, type Tool } from './run.js';

export const tool: Tool = async (request, session) => {
  const { token, tokenId } = await fetchCredit(session, request.address('token'));
  const [askKey, amount, price] = [
    request.key('ask_key'),
    request.amount('amount'),
    request.amount('price'),
  ];
  atLeastOne(amount.toBigInt());
  const [seller, ask] = [session.payer.toPublicKey(), askKey.toPublicKey()];
  const told = { ask: ask.toBase58(), token: token.toBase58(), price: `${price}` };
  if ((await session.findAccount(ask, tokenId)) !== undefined) {
    const view = await fetchAsk(session, ask, tokenId);
    if (!view.seller.equals(seller).toBoolean())
      throw new ToolError('wrong-account', 'the ask has another seller');
    if (view.price !== price.toBigInt())
      throw new ToolError(
        'wrong-account',
        `the ask is open at another price: expected ${price} nanomina, got ${view.price}`,
      );
    return { status: 'already-open', ...told, amount: `${view.amount}` };
  }
  await session.holds(amount.toBigInt(), tokenId);
  await session.covers(ACCOUNT_CREATION_FEE);
  await session.compile('FungibleToken');
  const opening = { seller, ask, token, amount, price, verificationKey: pinnedKeys().Ask };
  const sent = await session.send(() => openAsk(opening), [askKey]);
  return { ...sent, ...told, amount: `${amount}` };
};

if (import.meta.main) await run(tool);
