// Checks a call or a redemption, the cheap checks first, and leaves it at the desk. A call that was taken is
// answered with its state, whatever came of its offer, its quota or its own expiry since.
import {
  Conflict,
  Expired,
  Malformed,
  OfferClosed,
  Refused,
  TicketUsed,
} from '../../../web/shared/src/errors.ts';
import { fieldHex } from '../../../web/shared/src/fields.ts';
import { checkInputs } from '../../../web/shared/src/inputs.ts';
import { parseObject, type JsonObject } from '../../../web/shared/src/json.ts';
import type { Offer } from '../../../web/shared/src/offer.ts';
import * as read from '../../../web/shared/src/read.ts';
import {
  checkAudience,
  checkRedeemed,
  checkTicketAccess,
  checkTimes,
  MAX_REDEMPTION_BYTES,
  readRedeemedGrant,
  readRedemption,
  type Redeemed,
} from '../../../web/shared/src/redemption.ts';
import type { CallView, OfferView } from '../../../web/shared/src/views.ts';
import {
  checkAccess,
  checkExpiry,
  checkNoTickets,
  checkNotTooFar,
  checkSignature,
  readCall,
  readSignedCall,
  TICKET_PREFIX,
} from '../../../web/shared/src/signed_call.ts';
import type { NewCall } from './claims.ts';
import type { Desk, Found } from './desk.ts';
import { matches } from './patterns.ts';
import { asError } from './refusal.ts';
import type { Settings } from './settings.ts';
import { countRequest, hashedNetwork } from './throttle.ts';

/** Where a request is taken: its sender, and the desk of the offer. */
export interface Counter {
  desk: DurableObjectStub<Desk>;
  settings: Settings;
  sender: string;
  now: number;
}

export async function acceptCall(body: Uint8Array, counter: Counter): Promise<CallView> {
  const { desk, settings, now } = counter;
  const value = parseObject(body);
  const expiresAt = Object.hasOwn(value, 'expires_at')
    ? read.whole(value, 'expires_at', 0, read.MAX_UNIX_SECONDS)
    : 0;
  checkNotTooFar(expiresAt, now);
  const offer = found((await desk.sold()) as Found<Offer>);
  const offerHash = BigInt(`0x${settings.offer}`);
  const id = await readCall(value, offer, offerHash).then((call) => call.id, ignoreMalformed);
  const known = id && (await desk.view(id));
  if (known) return known;
  try {
    if (expiresAt) checkExpiry(expiresAt, now);
    return await takeCall(value, offer, offerHash, counter);
  } catch (error) {
    const taken = id && (await desk.view(id)); // by a duplicate meanwhile (L10)
    if (taken) return taken;
    throw error;
  }
}

async function takeCall(
  value: JsonObject,
  offer: Offer,
  offerHash: bigint,
  counter: Counter,
): Promise<CallView> {
  checkOpen(await shownOffer(counter.desk));
  const signed = await readSignedCall(value, offer, offerHash);
  checkNoTickets(signed);
  await countRequest(counter.sender, counter.now);
  checkSignature(signed);
  checkAccess(signed, offer);
  checkInputs(offer.inputs, signed.call.inputs, matches);
  const { account, inputs, expiresAt: until } = signed.call;
  const { identifier = null } = signed;
  const parts = { id: signed.id, account, holder: account, identifier, ticket: null, until };
  return take(counter, offer, { ...parts, body: JSON.stringify(value) }, inputs);
}

/** A redemption's view, or null for one that the region takes: of another offer, or paid in advance. */
export async function acceptTicket(
  ticket: string,
  body: Uint8Array,
  counter: Counter,
): Promise<CallView | null> {
  const { desk, settings } = counter;
  const value = parseObject(body, MAX_REDEMPTION_BYTES);
  const grant = await readRedeemedGrant(value);
  if (grant.offer !== settings.offer || grant.prepaid) return null;
  const redeemed = await readRedemption(value);
  if (grant.hash !== read.hexField(ticket, 'ticket'))
    throw new Refused(`ticket: expected the one that the URL names, got ${fieldHex(grant.hash)}`);
  checkAudience(grant, settings.publicUrl);
  const known = await desk.view(redeemed.id);
  if (known) return known;
  try {
    return await takeRedeemed(redeemed, value, counter);
  } catch (error) {
    const taken = await desk.view(redeemed.id); // by a duplicate meanwhile (L10)
    if (taken) return taken;
    const call = await usedFor(error, redeemed, counter);
    if (!call) throw error;
    const used = `ticket: expected one that was not redeemed yet, got one that was used for call ${call}`;
    throw new TicketUsed(`${used}; ask ${grant.issuer} for another`, call);
  }
}

async function takeRedeemed(
  redeemed: Redeemed,
  value: JsonObject,
  counter: Counter,
): Promise<CallView> {
  const { desk, settings, now } = counter;
  const { grant } = redeemed;
  checkTimes(redeemed, settings.publicUrl, now);
  const view = await shownOffer(desk);
  const { document: offer } = view;
  checkOpen(view);
  await countRequest(counter.sender, now);
  checkRedeemed(redeemed);
  checkTicketAccess(redeemed, offer);
  checkInputs(offer.inputs, redeemed.call.inputs, matches);
  const { account, inputs } = redeemed.call;
  const ticket = fieldHex(grant.hash);
  const identifier = identifierOf(redeemed);
  const until = Math.min(redeemed.expiresAt, grant.until);
  const parts = { id: redeemed.id, account, holder: grant.issuer, identifier, until };
  return take(counter, offer, { ...parts, ticket, body: JSON.stringify(value) }, inputs);
}

/** Under which a ticket's one call is claimed. */
function identifierOf({ grant }: Redeemed): string {
  return `${TICKET_PREFIX}${fieldHex(grant.hash)}`;
}

/** The call of a ticket that was used, which its holder is told also where its time is over or the offer closed. */
async function usedFor(
  error: unknown,
  redeemed: Redeemed,
  { desk, sender, now }: Counter,
): Promise<string | null> {
  if (error instanceof Conflict) return error.call;
  if (!(error instanceof Expired || error instanceof OfferClosed)) return null;
  await countRequest(sender, now);
  const call = await desk.named(redeemed.call.account, identifierOf(redeemed));
  if (call) checkRedeemed(redeemed); // whoever has no key of the ticket's is told nothing
  return call;
}

async function take(
  counter: Counter,
  offer: Offer,
  claim: Omit<NewCall, 'sender' | 'shared'>,
  inputs: JsonObject,
): Promise<CallView> {
  const sender = await hashedNetwork(counter.sender);
  const call = { ...claim, sender, shared: offer.access.open };
  return found(await counter.desk.take(call, inputs as Record<string, string | number | boolean>));
}

async function shownOffer(desk: DurableObjectStub<Desk>): Promise<OfferView> {
  return found((await desk.offer()) as Found<OfferView>);
}

function checkOpen({ open, reason }: OfferView): void {
  if (!open)
    throw new OfferClosed(`offer: expected an open offer, got one that takes no call: ${reason}`);
}

function found<T>(answer: Found<T>): T {
  if ('refused' in answer) throw asError(answer.refused);
  return answer.found;
}

/** A body that is no whole call is refused later, with the words for what is wrong with it. */
function ignoreMalformed(error: unknown): undefined {
  if (!(error instanceof Malformed)) throw error;
}
