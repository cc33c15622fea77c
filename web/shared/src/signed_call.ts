// The body of `POST /offers/{offer}/calls` for an offer of price 0, as a service reads and checks it.
import { callHash, voucherFields, type Call, type Parent } from './call.ts';
import { Expired, Malformed, NotAllowed, Refused } from './errors.ts';
import { fieldHex } from './fields.ts';
import { readNonce, readSalt } from './grant.ts';
import type { Inputs } from './inputs.ts';
import { isObject, type Json, type JsonObject } from './json.ts';
import { holds } from './mina.ts';
import { NO_TERMS, type Offer } from './offer.ts';
import * as read from './read.ts';

/** A call's record outlives its expiry, so a call expires at most 24 h after it is made. */
export const MAX_LIFETIME_SECONDS = 24 * 3600;
/** What a ticket's identifier begins with. */
export const TICKET_PREFIX = 'ticket-';
/** What the salt of a call that a ticket holds begins with: `sealrun:ticket-1`. */
const TICKET_SALT = '7365616c72756e3a7469636b65742d31';
const MAX_READS = 20;
const MAX_CALL_DEPTH = 4;

/** A call, its hash, and what its buyer signed. */
export interface SignedCall {
  call: Call;
  id: string;
  hash: bigint;
  limit: bigint;
  signature: string;
  /** x402's payment-identifier: the same one never claims two calls. */
  identifier?: string;
}

/** The call that a body is about. What else stands there does not matter. */
export async function readCall(
  value: JsonObject,
  offer: Offer,
  offerHash: bigint,
): Promise<Pick<SignedCall, 'call' | 'hash' | 'id'>> {
  const names = ['account', 'inputs', 'salt', 'nonce', 'expires_at'];
  const missing = names.filter((name) => !Object.hasOwn(value, name));
  if (missing.length > 0)
    throw new Malformed(`call: expected ${missing.join(', ')}, got nothing by that name`);
  if (!isObject(value.inputs))
    throw new Malformed(`inputs: expected an object, got ${read.kindOf(value.inputs)}`);
  const call = {
    network: offer.network,
    account: read.publicKey(value, 'account'),
    offerHash,
    termsHash: BigInt(`0x${NO_TERMS}`),
    asset: '',
    inputs: value.inputs as Inputs,
    salt: readSalt(value),
    nonce: readNonce(value),
    expiresAt: read.whole(value, 'expires_at', 0, read.MAX_UNIX_SECONDS),
    reads: readReads(value.reads === undefined ? [] : value.reads),
    parent: value.parent === undefined ? undefined : readParent(value.parent),
  };
  const hash = await callHash(call);
  return { call, hash, id: fieldHex(hash) };
}

/** The whole body. Not checked: expiry, signature, access and inputs. */
export async function readSignedCall(
  value: JsonObject,
  offer: Offer,
  offerHash: bigint,
): Promise<SignedCall> {
  const names = ['account', 'inputs', 'salt', 'nonce', 'expires_at', 'limit', 'signature'];
  read.only(value, names, 'call', ['identifier', 'reads', 'parent']);
  const identifier = Object.hasOwn(value, 'identifier')
    ? read.text(value, 'identifier', /^[A-Za-z0-9_-]{16,128}$/, '16 to 128 of A-Z a-z 0-9 _ -')
    : undefined;
  return {
    ...(await readCall(value, offer, offerHash)),
    limit: read.decimal(value, 'limit', read.MAX_UINT64),
    signature: read.signature(value, 'signature'),
    ...(identifier === undefined ? {} : { identifier }),
  };
}

/** No call uses a ticket up without the ticket's own key: no signature covers an identifier. */
export function checkNoTickets({ call, identifier }: SignedCall): void {
  if (identifier?.startsWith(TICKET_PREFIX))
    throw new Refused(
      `identifier: expected one that does not begin with ${TICKET_PREFIX}, which tickets have`,
    );
  if (call.salt.startsWith(TICKET_SALT))
    throw new Refused("call: expected one of its own, got a ticket's, which its holder redeems");
}

/** The expiry lies ahead, by no more than `atMost` seconds. */
export function checkExpiry(expiresAt: number, now: number, atMost = MAX_LIFETIME_SECONDS): void {
  if (!(now < expiresAt && expiresAt <= now + atMost))
    throw new Expired(
      `expires_at: expected later than ${now} and at most ${now + atMost}, got ${expiresAt}`,
    );
}

/** The expiry lies at most a call's lifetime ahead; it may be over. */
export function checkNotTooFar(expiresAt: number, now: number): void {
  if (expiresAt > now + MAX_LIFETIME_SECONDS)
    throw new Expired(
      `expires_at: expected at most ${now + MAX_LIFETIME_SECONDS}, got ${expiresAt}`,
    );
}

/** The account's own key signed the voucher. */
export function checkSignature({ call, hash, limit, signature }: SignedCall): void {
  if (!holds(voucherFields(call, hash, limit), signature, call.account))
    throw new NotAllowed(
      "signature: expected the account's signature over the voucher's seven fields, got another",
    );
}

/** Who may call an offer of price 0: the account is the signer's own key. */
export function checkAccess({ call, limit }: SignedCall, offer: Offer): void {
  if (offer.oracle === call.account)
    throw new NotAllowed("account: expected a buyer's key, got the oracle's own");
  if (limit !== 0n) throw new Refused(`limit: expected 0 for an offer of price 0, got ${limit}`);
  if (!mayCall(call.account, offer))
    throw new NotAllowed('account: expected a key that the offer allows, got another');
}

export function mayCall(key: string, { access }: Offer): boolean {
  return access.open || access.keys.includes(key);
}

function readReads(value: Json): string[] {
  if (!Array.isArray(value) || value.length > MAX_READS)
    throw new Malformed(
      `reads: expected a list of at most ${MAX_READS} receipt hashes, got something else`,
    );
  return value.map((item) => read.text({ reads: item }, 'reads', read.HASH, read.HASH_SAYS));
}

/** The call for whose run this one is made, as its buyer says. */
export function readParent(value: Json): Parent {
  const named = read.only(value, ['call', 'depth'], 'parent');
  return {
    call: read.text(named, 'call', read.HASH, read.HASH_SAYS),
    depth: read.whole(named, 'depth', 1, MAX_CALL_DEPTH),
  };
}
