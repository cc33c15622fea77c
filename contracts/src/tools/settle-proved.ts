/**
 * Settles the calls of a fold. Needs the seller's key, or its signature over [SETTLE, network, account, asset, root, total];
 * then anyone may send it. Harmless to run twice: an account that ends where the fold ends has settled it.
 */
import { type PublicKey, Signature, UInt64 } from 'o1js';
import { type Terms, settleFields } from '../fields.js';
import { foldProof } from '../fold/document.js';
import type { FoldStatement } from '../fold/statement.js';
import { NOTHING_SETTLED } from '../fold/settled.js';
import { ToolError } from './errors.js';
import { readFold } from './fold_document.js';
import { onNewestState } from './newest_state.js';
import {
  type DepositView,
  fetchDeposit,
  receiverFee,
  requireTerms,
  sendMethod,
} from './prepaid.js';
import type { Request } from './request.js';
import { run, type Tool } from './run.js';
import { readVoucher, requireFree, requireVoucher, verifies } from './voucher.js';

export const tool: Tool = async (request, session, progress) => {
  const address = request.address('account');
  const terms = request.terms();
  const voucher = readVoucher(request.part('voucher'));
  const fold = await foldProof(readFold(request.part('fold')));
  const { after, amount, count } = fold.publicOutput;
  requireAbout(fold.publicOutput, address, terms);
  return await onNewestState(progress, async (attempt) => {
    const view = await fetchDeposit(session, address, terms.asset, 'ProvedAccount');
    requireTerms(view, terms);
    const { spent, receiptsCount } = view;
    if (after.toBigInt() === view.receiptsRoot)
      return { status: 'already-settled', spent: `${spent}`, count: Number(receiptsCount) };
    requireBeginning(view, fold.publicOutput);
    const total = spent + amount.toBigInt();
    requireVoucher(view, terms, voucher, total);
    requireFree(view, amount.toBigInt());
    const consent = consentOf(request, view, terms, fold.publicOutput);
    const fee = await receiverFee(request, session, terms.seller, 'seller', terms.asset);
    const settle = () => view.contract.settle(terms, voucher, fold, consent);
    const sent = await sendMethod(session, view, settle, fee);
    return {
      ...sent,
      spent: `${total}`,
      settled: `${amount}`,
      count: Number(receiptsCount + count.toBigint()),
      attempts: attempt,
    };
  });
};

/**
 * The fold is of this account under these terms. Before a node is asked: under others, and so in another asset, the same address
 * can have another account, whose state is whatever its owner likes.
 */
function requireAbout(fold: FoldStatement, account: PublicKey, terms: Terms): void {
  if (!fold.termsHash.equals(terms.hash()).toBoolean())
    throw new ToolError('not-owed', 'the fold is for other terms');
  if (!fold.account.equals(account).toBoolean())
    throw new ToolError('not-owed', 'the fold is for another account');
}

/** The fold is of this account's buyer, and goes on where the account is. */
function requireBeginning(
  { buyer, receiptsCount, receiptsRoot }: DepositView,
  fold: FoldStatement,
): void {
  if (!fold.buyer.equals(buyer).toBoolean())
    throw new ToolError('not-owed', "the fold is for another buyer's account");
  const root = receiptsCount === 0n ? NOTHING_SETTLED.toBigInt() : receiptsRoot;
  if (fold.before.toBigInt() !== root)
    throw new ToolError(
      'not-owed',
      `the fold does not begin where the account is: expected ${root}, got ${fold.before}`,
    );
}

function consentOf(
  request: Request,
  { contract, spent }: DepositView,
  { network, asset, seller }: Terms,
  { after, amount }: FoldStatement,
): Signature {
  const total = UInt64.from(spent + amount.toBigInt());
  const list = settleFields(network, contract.address, asset, after, total);
  const consent = request.has('signature')
    ? request.signature('signature')
    : Signature.create(request.key('seller_key'), list);
  if (!verifies(consent, seller, list))
    throw new ToolError('not-owed', "the settlement is not signed by the terms' seller");
  return consent;
}

if (import.meta.main) await run(tool);
