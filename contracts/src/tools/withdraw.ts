/**
 * Pays the buyer, once the exit slot is reached. Needs the buyer's key, or with `amount` its signature over
 * [WITHDRAW, network, account, asset, exit slot, amount]; then anyone may send it.
 */
import { Signature, UInt32, type UInt64 } from 'o1js';
import { withdrawFields, type Terms } from '../fields.js';
import { ToolError } from './errors.js';
import { onNewestState } from './newest_state.js';
import {
  fetchDeposit,
  receiverFee,
  requireBuyer,
  requireTerms,
  sendMethod,
  type DepositView,
} from './prepaid.js';
import type { Request } from './request.js';
import { run, type Tool } from './run.js';
import type { Session } from './session.js';

export const tool: Tool = async (request, session, progress) => {
  const terms = request.termsToLeave();
  const attempt = () => withdraw(request, session, terms);
  // A named amount is paid once or not at all: after a lost race it may have been paid already.
  return request.has('amount') ? await attempt() : await onNewestState(progress, attempt);
};

async function withdraw(request: Request, session: Session, terms: Terms): Promise<object> {
  const view = await fetchDeposit(session, request.address('account'), request.asset(terms.asset));
  requireTerms(view, terms);
  await requireExit(session, view);
  const amount = request.amount('amount', view.balance - view.accrued);
  if (amount.toBigInt() === 0n) return { status: 'already-withdrawn', amount: '0' };
  const fee = await receiverFee(request, session, view.buyer, 'buyer', view.contract.tokenId);
  const signature = signed(request, view, terms, amount);
  const take = () => view.contract.withdraw(terms, amount, signature);
  const sent = await sendMethod(session, view, take, fee);
  return { ...sent, amount: amount.toString(), buyer: view.buyer.toBase58() };
}

async function requireExit(session: Session, { exitSlot }: DepositView): Promise<void> {
  if (exitSlot === 0n) throw new ToolError('not-yet', 'the exit was not requested');
  const slot = BigInt(await session.currentSlot());
  if (slot < exitSlot)
    throw new ToolError(
      'not-yet',
      `the exit slot is not reached: expected ${exitSlot}, got ${slot}`,
    );
}

function signed(request: Request, view: DepositView, terms: Terms, amount: UInt64): Signature {
  const { address, tokenId } = view.contract;
  const list = withdrawFields(terms.network, address, tokenId, UInt32.from(view.exitSlot), amount);
  const given = request.has('signature') && request.has('amount');
  const signature = given
    ? request.signature('signature')
    : Signature.create(request.key('buyer_key'), list);
  requireBuyer(view, signature, list, 'withdrawal');
  return signature;
}

if (import.meta.main) await run(tool);
