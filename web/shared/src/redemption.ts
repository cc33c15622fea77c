// The body of `POST /tickets/{ticket}`, as a service reads and checks it.
import { unbase64url } from './bytes.ts';
import { callHash, voucherFields, type Call } from './call.ts';
import { Expired, InputsRefused, Malformed, NotAllowed, Refused } from './errors.ts';
import { fieldHex, REDEEM, signedFields } from './fields.ts';
import { grantCall, grantFields, readGrant, readNonce, readSalt, type Grant } from './grant.ts';
import type { Inputs } from './inputs.ts';
import { isObject, type JsonObject } from './json.ts';
import { holds } from './mina.ts';
import type { Offer } from './offer.ts';
import * as read from './read.ts';
import { checkExpiry, mayCall } from './signed_call.ts';

/** A grant of 8 KB in base64 and the rest of the body. */
export const MAX_REDEMPTION_BYTES = 16 * 1024;
const MAX_TICKET_SECONDS = 90 * 24 * 3600;
const MAX_WAIT_SECONDS = 3600;

/** A redemption; `signature` is the issuer's over the grant, `proof` that of the ticket's own key. */
export interface Redeemed {
  grant: Grant;
  id: string;
  signature: string;
  expiresAt: number;
  proof: string;
  call: Call;
  hash: bigint;
}

/** The grant within a redemption. Not checked: anything else. */
export async function readRedeemedGrant(value: JsonObject): Promise<Grant> {
  if (typeof value.grant !== 'string')
    throw new Malformed("grant: expected base64url of a ticket's grant, got none");
  const document = unbase64url(value.grant);
  if (!document)
    throw new Malformed('grant: expected base64url without padding, got something else');
  return readGrant(document);
}

/** The whole body. Not checked: times, signatures, and that the ticket fits its offer. */
export async function readRedemption(value: JsonObject): Promise<Redeemed> {
  const grant = await readRedeemedGrant(value);
  const names = ['grant', 'signature', 'expires_at', 'proof'];
  read.only(value, grant.prepaid ? names : [...names, 'inputs', 'salt', 'nonce'], 'redemption');
  const expiresAt = read.whole(value, 'expires_at', 0, read.MAX_UNIX_SECONDS);
  const call = readCallOf(grant, value, expiresAt);
  const hash = await callHash(call);
  return {
    grant,
    id: fieldHex(hash),
    signature: read.signature(value, 'signature'),
    expiresAt,
    proof: read.signature(value, 'proof'),
    call,
    hash,
  };
}

function readCallOf(grant: Grant, value: JsonObject, expiresAt: number): Call {
  if (grant.prepaid) return grantCall(grant, {}, { salt: '', nonce: '', expiresAt });
  const { inputs } = value;
  if (!isObject(inputs))
    throw new Malformed(`inputs: expected an object, got ${read.kindOf(inputs)}`);
  const unknown = Object.keys(inputs).filter((name) => !grant.open.includes(name));
  if (unknown.length > 0) {
    const shown = unknown.map((name) => name.slice(0, 40)).sort();
    throw new InputsRefused(
      `inputs: expected the open ones (${grant.open.join(', ') || 'none'}), got also ${shown.slice(0, 5).join(', ')}`,
    );
  }
  const fresh = { salt: readSalt(value), nonce: readNonce(value), expiresAt };
  return grantCall(grant, inputs as Inputs, fresh);
}

/** The ticket is for this service. */
export function checkAudience(grant: Grant, audience: string): void {
  if (grant.audience !== audience)
    throw new NotAllowed(`audience: expected ${audience.slice(0, 200)}, got ${grant.audience}`);
}

/** Ticket and proof are for here and now. */
export function checkTimes({ grant, expiresAt }: Redeemed, audience: string, now: number): void {
  checkAudience(grant, audience);
  const most = now + MAX_TICKET_SECONDS;
  if (grant.until > most) throw new Expired(`until: expected at most ${most}, got ${grant.until}`);
  if (grant.until <= now) {
    const ended = new Date(grant.until * 1000).toISOString().replace('.000Z', 'Z');
    throw new Expired(
      `until: expected a ticket that is good now, got one that ended at ${ended}; ask ${grant.issuer}, who issued it, for another`,
    );
  }
  checkExpiry(expiresAt, now, MAX_WAIT_SECONDS);
}

/** The issuer granted the ticket, and its holder redeems it. Not checked: a voucher of the issuer's. */
export function checkRedeemed({ grant, signature, proof, call, hash, expiresAt }: Redeemed): void {
  if (!holds(grantFields(grant), signature, grant.issuer))
    throw new NotAllowed("signature: expected the issuer's over the ticket, got another");
  const fields = grant.prepaid
    ? signedFields(REDEEM, grant.network, grant.key, BigInt(expiresAt), hash)
    : voucherFields(call, hash, 0n);
  if (!holds(fields, proof, grant.key))
    throw new NotAllowed("proof: expected a signature of the ticket's own key, got another");
}

/** A ticket says which network its issuer meant; the offer must let the issuer call, not the ticket's key. */
export function checkTicketAccess({ grant, call }: Redeemed, offer: Offer): void {
  if (grant.network !== offer.network)
    throw new Refused('ticket: expected network and terms of the offer, got others');
  if ([grant.issuer, grant.key, call.account].includes(offer.oracle))
    throw new NotAllowed("issuer: expected a buyer's key, got the oracle's own");
  if (!mayCall(grant.issuer, offer))
    throw new NotAllowed('issuer: expected a key that the offer allows, got another');
}
