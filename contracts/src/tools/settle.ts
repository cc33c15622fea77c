/**
 * Settles what is owed. Harmless to run twice, late or in parallel: each attempt reads the newest state, proves on
 * it, and finds either something to settle or that it was settled (A6).
 */
import { Signature, UInt32, type PublicKey } from 'o1js';
import { dueFields, receiptsRoot, voucherFields, type Terms } from '../fields.js';
import { Due, Voucher } from '../prepaid_account.js';
import { ToolError } from './errors.js';
import { onNewestState } from './newest_state.js';
import { fetchPrepaid, requireTerms, sendMethod, type PrepaidView } from './prepaid.js';
import type { Request } from './request.js';
import { run, type Tool } from './run.js';

export const tool: Tool = async (request, session, progress) => {
  const address = request.address('account');
  const terms = request.terms();
  const voucher = readVoucher(request.part('voucher'));
  const statement = readDue(request.part('due'));
  return await onNewestState(progress, async (attempt) => {
    const view = await fetchPrepaid(session, address, terms.asset);
    requireTerms(view, terms);
    requireSignatures(address, view.buyer, terms, voucher, statement);
    const due = statement.due.toBigInt();
    if (view.spent >= due) return { status: 'already-settled', spent: view.spent.toString() };
    requireSettleable(view, statement);
    await session.account(terms.seller, 'seller', terms.asset);
    const settle = () => view.contract.settle(terms, voucher, statement);
    const sent = await sendMethod(session, view, settle);
    return {
      ...sent,
      spent: due.toString(),
      settled: (due - view.spent).toString(),
      attempts: attempt,
    };
  });
};

function readVoucher(part: Request): Voucher {
  return new Voucher({
    limit: part.amount('limit'),
    callHash: part.field('call_hash'),
    signature: part.signature('signature'),
  });
}

function readDue(part: Request): Due {
  return new Due({
    due: part.amount('due'),
    treeRoot: part.field('tree_root'),
    count: UInt32.from(part.whole('count', 0, 2 ** 32 - 1)),
    signature: part.signature('signature'),
  });
}

/** The contract's own conditions, told in words and before the proof. */
function requireSignatures(
  address: PublicKey,
  buyer: PublicKey,
  terms: Terms,
  voucher: Voucher,
  statement: Due,
): void {
  const { due, treeRoot, count } = statement;
  if (due.toBigInt() > voucher.limit.toBigInt()) {
    throw new ToolError(
      'not-owed',
      `the due is above the voucher: expected at most ${voucher.limit}, got ${due}`,
    );
  }
  const { network, asset } = terms;
  const voucherSigned = voucherFields(network, address, asset, voucher.limit, voucher.callHash);
  if (!verifies(voucher.signature, buyer, voucherSigned))
    throw new ToolError('not-owed', "the voucher is not signed by the account's buyer");
  const dueSigned = dueFields(network, address, asset, due, receiptsRoot(treeRoot, count.value));
  if (!verifies(statement.signature, terms.oracle, dueSigned))
    throw new ToolError('not-owed', "the due is not signed by the terms' oracle");
}

function verifies(
  signature: Signature,
  key: PublicKey,
  fields: Parameters<Signature['verify']>[1],
): boolean {
  return signature.verify(key, fields).toBoolean();
}

function requireSettleable(
  { balance, spent, accrued, receiptsCount }: PrepaidView,
  { due, count }: Due,
): void {
  const free = balance - accrued;
  if (due.toBigInt() - spent > free)
    throw new ToolError(
      'not-owed',
      `the account holds too little: expected ${due.toBigInt() - spent}, got ${free}`,
    );
  if (count.toBigint() <= receiptsCount)
    throw new ToolError(
      'not-owed',
      `the receipts do not grow: expected more than ${receiptsCount}, got ${count}`,
    );
}

if (import.meta.main) await run(tool);
