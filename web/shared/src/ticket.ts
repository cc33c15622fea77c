// A ticket out of a URL's fragment, and its redemption. What is checked here, the service checks again.
import { unbase64url, randomHex } from './bytes.ts';
import { callHash, voucherFields } from './call.ts';
import { fieldHex, REDEEM, signedFields } from './fields.ts';
import { grantCall, grantFields, readGrant, type Grant } from './grant.ts';
import type { Inputs } from './inputs.ts';
import type { Json } from './json.ts';
import { LETTER_SECONDS, readBox, type PostBox } from './letters.ts';
import { addressOf, holds, sign } from './mina.ts';

export interface Ticket {
  grant: Grant;
  encoded: string;
  id: string;
  signature: string;
  secret: string;
  /** Where its redemption is dropped as a letter; null where a server takes it. */
  box: PostBox | null;
}

/** A redemption that is ready to be sent: the body, and the hash of the call that it starts. */
export interface Redemption {
  body: Record<string, Json>;
  call: string;
}

const WAIT_SECONDS = 600;
// A letter's call ends before the day does that bucket, tick and this browser's clock count differently.
const LETTER_WAIT_SECONDS = LETTER_SECONDS - 600;

/** Reads `#GRANT.SIGNATURE.SECRET`, or the same with `.BOX`. Errors never repeat the text. */
export async function parseTicket(fragment: string): Promise<Ticket> {
  const [encoded, signature, secret, box, ...more] = fragment.replace(/^#/, '').split('.');
  const document = encoded ? unbase64url(encoded) : undefined;
  if (!encoded || !document || !signature || !secret || more.length > 0)
    throw new Error('This address holds no ticket: expected three or four parts behind #.');
  const grant = await readGrant(document);
  if (!/^https:\/\/|^http:\/\/127\.0\.0\.1:/.test(grant.audience))
    throw new Error('This ticket names a service without https.');
  if (!holds(grantFields(grant), signature, grant.issuer))
    throw new Error('This ticket was changed: its signature fails.');
  if (!belongs(secret, grant.key))
    throw new Error('This ticket and its secret do not belong together.');
  const id = fieldHex(grant.hash);
  return { grant, encoded, id, signature, secret, box: box === undefined ? null : readBox(box) };
}

/** Signs one call: the ticket's own, or that it hands in the issuer's. */
export async function redeem(
  ticket: Ticket,
  chosen: Inputs,
  now: number = Date.now() / 1000,
): Promise<Redemption> {
  const { grant, encoded, signature, secret } = ticket;
  const expiresAt = Math.floor(now) + (ticket.box ? LETTER_WAIT_SECONDS : WAIT_SECONDS);
  const fresh = { salt: randomHex(32), nonce: randomHex(16) };
  const call = grantCall(grant, chosen, { ...fresh, expiresAt });
  const hash = await callHash(call);
  const fields = grant.prepaid
    ? signedFields(REDEEM, grant.network, grant.key, BigInt(expiresAt), hash)
    : voucherFields(call, hash, 0n);
  const body = { grant: encoded, signature, expires_at: expiresAt, proof: sign(fields, secret) };
  return {
    body: grant.prepaid ? body : { ...body, inputs: chosen, ...fresh },
    call: fieldHex(hash),
  };
}

function belongs(secret: string, key: string): boolean {
  try {
    return addressOf(secret) === key;
  } catch {
    return false;
  }
}
