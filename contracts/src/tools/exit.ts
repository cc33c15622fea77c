/** Requests the buyer's exit. Needs the buyer's key, or its signature over [EXIT, network, account, asset, latest]. */
import { Signature, UInt32 } from 'o1js';
import { MAX_EXIT_DELAY, exitFields } from '../fields.js';
import { EXIT_WINDOW } from '../deposit_account.js';
import { fetchDeposit, requireBuyer, requireTerms, sendMethod } from './prepaid.js';
import type { Request } from './request.js';
import { run, type Tool } from './run.js';

/** Slots that the request may take to get into a block. */
const MARGIN = 40;

export const tool: Tool = async (request, session) => {
  const address = request.address('account');
  const terms = request.termsToLeave();
  const asset = request.asset(terms.asset);
  const view = await fetchDeposit(session, address, asset);
  requireTerms(view, terms);
  if (view.exitSlot !== 0n)
    return { status: 'already-requested', exit_slot: Number(view.exitSlot) };
  const latest = readLatest(request, await session.currentSlot());
  const list = exitFields(terms.network, address, asset, latest);
  const signature = request.has('signature')
    ? request.signature('signature')
    : Signature.create(request.key('buyer_key'), list);
  requireBuyer(view, signature, list, 'exit');
  const leave = () => view.contract.requestExit(terms, latest, signature);
  const sent = await sendMethod(session, view, leave);
  const delay = Math.min(Number(terms.exitDelay.toBigint()), MAX_EXIT_DELAY);
  return { ...sent, exit_slot: Number(latest.toBigint()) + delay };
};

/** A signature is over its `latest`; without one it is chosen here. */
function readLatest(request: Request, slot: number): UInt32 {
  const chosen = request.has('signature') ? {} : { latest: slot + MARGIN };
  const latest = request.whole('latest', slot + 1, slot + EXIT_WINDOW, chosen.latest);
  return UInt32.from(latest);
}

if (import.meta.main) await run(tool);
