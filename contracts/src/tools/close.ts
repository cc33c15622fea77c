/** Closes an offer for ever. Needs the seller's key, or its signature over [CLOSE, network, offer]. */
import { Signature } from 'o1js';
import { closeFields } from '../fields.js';
import { CLOSED, Offer } from '../offer.js';
import { requireTerms } from './prepaid.js';
import { run, type Tool } from './run.js';

export const tool: Tool = async (request, session) => {
  const address = request.address('offer');
  const terms = request.terms();
  await session.requireCode(address, 'Offer', 'offer');
  const offer = new Offer(address);
  requireTerms({ termsHash: offer.termsHash.get().toString() }, terms);
  if (offer.closed.get().equals(CLOSED).toBoolean()) return { status: 'already-closed' };
  const signature = request.has('signature')
    ? request.signature('signature')
    : Signature.create(request.key('seller_key'), closeFields(terms.network, address));
  await session.compile('Offer');
  return await session.send(() => offer.close(terms, signature));
};

if (import.meta.main) await run(tool);
