/** Pays the operator what accrued. Anyone may run it. */
import { PrepaidAccount } from '../prepaid_account.js';
import { fetchPrepaid, requireTerms } from './prepaid.js';
import { run, type Tool } from './run.js';

export const tool: Tool = async (request, session) => {
  const terms = request.terms();
  const view = await fetchPrepaid(session, request.address('account'));
  requireTerms(view, terms);
  if (view.accrued === 0n) return { status: 'already-paid', amount: '0' };
  await session.account(terms.operator, 'operator');
  await session.compile(PrepaidAccount);
  const sent = await session.send(() => view.contract.payOperator(terms));
  return { ...sent, amount: view.accrued.toString() };
};

if (import.meta.main) await run(tool);
