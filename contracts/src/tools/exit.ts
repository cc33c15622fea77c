/** Requests the buyer's exit. Needs the buyer's key, or its signature over [EXIT, network, account, latest]. */
import { Signature, UInt32 } from 'o1js';
import { exitFields } from '../fields.js';
import { PrepaidAccount } from '../prepaid_account.js';
import { fetchPrepaid, requireTerms } from './prepaid.js';
import { run, type Tool } from './run.js';

/** Slots that the request may take to get into a block. */
const MARGIN = 40;

export const tool: Tool = async (request, session) => {
  const address = request.address('account');
  const terms = request.terms();
  const view = await fetchPrepaid(session, address);
  requireTerms(view, terms);
  if (view.exitSlot !== 0n)
    return { status: 'already-requested', exit_slot: Number(view.exitSlot) };
  const slot = request.has('signature')
    ? request.whole('latest', 1, 2 ** 32 - 1)
    : (await session.currentSlot()) + MARGIN;
  const latest = UInt32.from(request.whole('latest', 1, 2 ** 32 - 1, slot));
  const signature = request.has('signature')
    ? request.signature('signature')
    : Signature.create(request.key('buyer_key'), exitFields(terms.network, address, latest));
  await session.compile(PrepaidAccount);
  const sent = await session.send(() => view.contract.requestExit(terms, latest, signature));
  return { ...sent, exit_slot: Number(latest.add(terms.exitDelay).toBigint()) };
};

if (import.meta.main) await run(tool);
