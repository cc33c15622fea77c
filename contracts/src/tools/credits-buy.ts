/**
 * Buys credits of an ask: two proofs. `price` is what was agreed on; at another price nothing is sent. With `account_key` and
 * `terms` they go straight into a new prepaid account, which exists once; else asked twice with the same `nonce`, it pays
 * at most once.
 */
import { type AccountUpdate, type PrivateKey, UInt64 } from 'o1js';
import { payFrom } from '../new_account.js';
import { checkOpening, newAccount } from '../opening.js';
import { pinnedKeys } from '../verification_keys.js';
import { type CreditView, atLeastOne, fetchAsk, fetchCredit } from './credits.js';
import { ToolError } from './errors.js';
import type { Request } from './request.js';
import { run, type Tool } from './run.js';
import type { Session } from './session.js';

export const tool: Tool = async (request, session) => {
  const view = await fetchCredit(session, request.address('token'));
  const { token, tokenId } = view;
  const payer = session.payer.toPublicKey();
  const amount = request.amount('amount');
  atLeastOne(amount.toBigInt());
  const into = request.has('account_key') ? await opening(request, session, view) : undefined;
  const to = into?.account ?? (request.has('to') ? request.address('to') : payer);
  const ask = await fetchAsk(session, request.address('ask'), tokenId);
  const agreed = request.amount('price').toBigInt();
  if (ask.price !== agreed)
    throw new ToolError(
      'wrong-account',
      `the ask has another price now: expected ${agreed} nanomina, got ${ask.price}`,
    );
  if (ask.amount < amount.toBigInt())
    throw new ToolError(
      'wrong-account',
      `the ask has too few: expected at least ${amount}, got ${ask.amount}`,
    );
  await session.account(ask.seller, "ask's seller");
  const cost = amount.toBigInt() * agreed;
  const paid = cost + (await session.creationFee(to, tokenId));
  await session.covers(paid);
  const nonce = request.has('nonce') ? request.whole('nonce', 0, 2 ** 32 - 1) : undefined;
  const buy = async () => {
    payFrom(payer, paid);
    into?.update();
    await ask.contract.buy(UInt64.from(amount), to);
  };
  const sent = await session.sendApproved(token, 'Ask', buy, into ? [into.key] : [], nonce);
  return {
    ...sent,
    amount: `${amount}`,
    cost: `${cost}`,
    to: to.toBase58(),
    ...(into && { terms_hash: into.termsHash }),
  };
};

interface Into {
  account: ReturnType<PrivateKey['toPublicKey']>;
  key: PrivateKey;
  update: () => AccountUpdate;
  termsHash: string;
}

/** A new prepaid account for the terms, empty before the purchase. */
async function opening(request: Request, session: Session, view: CreditView): Promise<Into> {
  const key = request.key('account_key');
  const [account, terms, payer] = [key.toPublicKey(), request.terms(), session.payer.toPublicKey()];
  const buyer = request.has('buyer') ? request.address('buyer') : payer;
  if (!terms.asset.equals(view.tokenId).toBoolean())
    throw new ToolError('bad-request', 'terms: expected ones in this credit, got another asset');
  if ((await session.findAccount(account, view.tokenId)) !== undefined)
    throw new ToolError('already-open', `nothing was paid: ${account.toBase58()}`);
  await session.receiver(terms.seller, 'seller', view.tokenId);
  await session.receiver(terms.operator, 'operator', view.tokenId);
  const named = {
    payer,
    account,
    buyer,
    terms,
    deposit: UInt64.zero,
    verificationKey: pinnedKeys().PrepaidAccount,
  };
  checkOpening(named);
  return { account, key, update: () => newAccount(named), termsHash: terms.hash().toString() };
}

if (import.meta.main) await run(tool);
