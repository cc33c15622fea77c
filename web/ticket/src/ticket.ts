// A ticket out of a URL's fragment, and its redemption. What it checks, the function checks again.
import {
  addressOf,
  canonical,
  documentHash,
  fieldHex,
  hex,
  holds,
  keyFields,
  sign,
  taggedHash,
  textField,
} from './mina.js';

export type Input = string | number | boolean;
export type Inputs = Record<string, Input>;

/** What the issuer signed. */
export interface Grant {
  audience: string;
  network: string;
  offer: string;
  terms: string;
  key: string;
  issuer: string;
  inputs: Inputs;
  open: string[];
  until: number;
  prepaid: { account: string; salt: string; nonce: string } | null;
}

export interface Ticket {
  grant: Grant;
  encoded: string;
  id: string;
  signature: string;
  secret: string;
}

/** A redemption that is ready to be sent: the body, and the hash of the call that it starts. */
export interface Redemption {
  body: Record<string, unknown>;
  call: string;
}

const WAIT_SECONDS = 600;

/** Reads `#GRANT.SIGNATURE.SECRET`. Errors never repeat the text. */
export async function parseTicket(fragment: string): Promise<Ticket> {
  const [encoded, signature, secret, ...more] = fragment.replace(/^#/, '').split('.');
  if (!encoded || !signature || !secret || more.length > 0)
    throw new Error('This address holds no ticket: expected three parts behind #.');
  const document = bytesOf(encoded);
  const grant = JSON.parse(new TextDecoder().decode(document)) as Grant;
  if (!/^https:\/\/|^http:\/\/127\.0\.0\.1:/.test(grant.audience))
    throw new Error('This ticket names a service without https.');
  const hash = await documentHash('sealrun:ticket', document);
  const fields = [
    textField('sealrun:ticket'),
    textField(grant.network),
    ...keyFields(grant.issuer),
    hash,
  ];
  if (!holds(fields, signature, grant.issuer))
    throw new Error('This ticket was changed: its signature fails.');
  if (addressOf(secret) !== grant.key)
    throw new Error('This ticket and its secret do not belong together.');
  return { grant, encoded, id: fieldHex(hash), signature, secret };
}

/** Signs one call: the ticket's own, or that it hands in the issuer's. */
export async function redeem(ticket: Ticket, chosen: Inputs): Promise<Redemption> {
  const { grant, encoded, signature, secret } = ticket;
  const expires_at = Math.floor(Date.now() / 1000) + WAIT_SECONDS;
  const fresh = { salt: random(32), nonce: random(16) };
  const { account, salt, nonce } = grant.prepaid ?? { account: grant.key, ...fresh };
  const inputs = grant.prepaid ? grant.inputs : { ...grant.inputs, ...chosen };
  const call = await callHash(
    grant,
    account,
    inputs,
    salt,
    nonce,
    grant.prepaid ? grant.until : expires_at,
  );
  const [tag, number] = grant.prepaid ? ['sealrun:redeem', expires_at] : ['sealrun:voucher', 0];
  const fields = [
    textField(tag),
    textField(grant.network),
    ...keyFields(grant.key),
    BigInt(number),
    call,
  ];
  const body = { grant: encoded, signature, expires_at, proof: sign(fields, secret) };
  return {
    body: grant.prepaid ? body : { ...body, inputs: chosen, ...fresh },
    call: fieldHex(call),
  };
}

async function callHash(
  grant: Grant,
  account: string,
  inputs: Inputs,
  salt: string,
  nonce: string,
  expires: number,
): Promise<bigint> {
  const document = new TextEncoder().encode(canonical({ inputs, salt }));
  return taggedHash('sealrun:call', [
    textField(grant.network),
    ...keyFields(account),
    BigInt(`0x${grant.offer}`),
    BigInt(`0x${grant.terms}`),
    await documentHash('sealrun:inputs', document),
    BigInt(`0x${nonce}`),
    BigInt(expires),
  ]);
}

function random(bytes: number): string {
  return hex(crypto.getRandomValues(new Uint8Array(bytes)));
}

function bytesOf(base64url: string): Uint8Array<ArrayBuffer> {
  const text = atob(base64url.replaceAll('-', '+').replaceAll('_', '/'));
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
