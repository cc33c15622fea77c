/**
 * Settles what is owed. Harmless to run twice, late or in parallel: each attempt reads the newest state, proves on
 * it, and finds either something to settle or that it was settled (A6).
 */
import { UInt32 } from 'o1js';
import type { Voucher } from '../deposit_account.js';
import { dueFields, receiptsRoot, type Terms } from '../fields.js';
import { Due } from '../prepaid_account.js';
import { ToolError } from './errors.js';
import { onNewestState } from './newest_state.js';
import {
  fetchDeposit,
  receiverFee,
  requireTerms,
  sendMethod,
  type DepositView,
} from './prepaid.js';
import type { Request } from './request.js';
import { run, type Tool } from './run.js';
import { readVoucher, requireFree, requireVoucher, verifies } from './voucher.js';

export const tool: Tool = async (request, session, progress) => {
  const address = request.address('account');
  const terms = request.terms();
  const voucher = readVoucher(request.part('voucher'));
  const statement = readDue(request.part('due'));
  return await onNewestState(progress, async (attempt) => {
    const view = await fetchDeposit(session, address, terms.asset, 'PrepaidAccount');
    requireTerms(view, terms);
    requireOwed(view, terms, voucher, statement);
    const due = statement.due.toBigInt();
    if (view.spent >= due) return { status: 'already-settled', spent: view.spent.toString() };
    requireSettleable(view, statement);
    const fee = await receiverFee(request, session, terms.seller, 'seller', terms.asset);
    const settle = () => view.contract.settle(terms, voucher, statement);
    const sent = await sendMethod(session, view, settle, fee);
    return {
      ...sent,
      spent: due.toString(),
      settled: (due - view.spent).toString(),
      attempts: attempt,
    };
  });
};

function readDue(part: Request): Due {
  return new Due({
    due: part.amount('due'),
    treeRoot: part.field('tree_root'),
    count: UInt32.from(part.whole('count', 0, 2 ** 32 - 1)),
    signature: part.signature('signature'),
  });
}

/** The contract's own conditions, told in words and before the proof. */
function requireOwed(
  view: DepositView,
  terms: Terms,
  voucher: Voucher,
  { due, treeRoot, count, signature }: Due,
): void {
  requireVoucher(view, terms, voucher, due.toBigInt());
  const { network, asset, oracle } = terms;
  const root = receiptsRoot(treeRoot, count.value);
  if (!verifies(signature, oracle, dueFields(network, view.contract.address, asset, due, root)))
    throw new ToolError('not-owed', "the due is not signed by the terms' oracle");
}

function requireSettleable(view: DepositView, { due, count }: Due): void {
  requireFree(view, due.toBigInt() - view.spent);
  if (count.toBigint() <= view.receiptsCount)
    throw new ToolError(
      'not-owed',
      `the receipts do not grow: expected more than ${view.receiptsCount}, got ${count}`,
    );
}

if (import.meta.main) await run(tool);
