/** Pays the operator what accrued. Anyone may run it. */
import { fetchDeposit, receiverFee, requireTerms, sendMethod } from './prepaid.js';
import { run, type Tool } from './run.js';

export const tool: Tool = async (request, session) => {
  const terms = request.terms();
  const view = await fetchDeposit(session, request.address('account'), terms.asset);
  requireTerms(view, terms);
  if (view.accrued === 0n) return { status: 'already-paid', amount: '0' };
  const fee = await receiverFee(request, session, terms.operator, 'operator', terms.asset);
  const sent = await sendMethod(session, view, () => view.contract.payOperator(terms), fee);
  return { ...sent, amount: view.accrued.toString() };
};

if (import.meta.main) await run(tool);
