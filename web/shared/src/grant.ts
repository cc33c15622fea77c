// Grants: what an issuer signs when it makes a ticket.
import { documentHash, NETWORKS, signedFields, TICKET } from './fields.ts';
import type { Call } from './call.ts';
import { Malformed } from './errors.ts';
import type { Bytes } from './bytes.ts';
import { canonical, isObject, parseObject, type JsonObject } from './json.ts';
import type { Inputs } from './inputs.ts';
import * as read from './read.ts';

/** A grant has at most 25 short inputs. */
export const MAX_GRANT_BYTES = 8 * 1024;

const URL = /^https?:\/\/[A-Za-z0-9.:_[\]-]{1,200}(?:\/[A-Za-z0-9._~-]{1,60}){0,3}$/;
const INPUT = /^[a-z][a-z0-9_]{0,63}$/;
const NONCE = /^[0-9a-f]{32}$/;
const NAMES = [
  'sealrun',
  'audience',
  'network',
  'offer',
  'terms',
  'key',
  'issuer',
  'inputs',
  'open',
  'until',
  'prepaid',
];

/** What makes the grant of a priced offer a whole call: the issuer's account and voucher. */
export interface Prepaid {
  account: string;
  /** Token id of what the account is kept in, in base58. */
  asset: string;
  salt: string;
  nonce: string;
  /** In the asset's smallest unit, a running total as in every voucher. */
  limit: bigint;
  signature: string;
}

/** The issuer's document; `readGrant` makes it. */
export interface Grant {
  /** URL of the service that may redeem it. */
  audience: string;
  network: string;
  offer: string;
  terms: string;
  /** The ticket's own key. */
  key: string;
  issuer: string;
  /** Fixed. */
  inputs: Inputs;
  /** Names of the inputs that the holder may choose. */
  open: string[];
  /** Unix seconds. */
  until: number;
  prepaid: Prepaid | null;
  hash: bigint;
}

/** Reads a grant. Not checked: its signature, its time, and whether it fits its offer. */
export async function readGrant(document: Bytes): Promise<Grant> {
  const value = read.only(parseObject(document, MAX_GRANT_BYTES), NAMES, 'ticket');
  if (canonical(value) !== new TextDecoder().decode(document))
    throw new Malformed('ticket: expected canonical JSON (RFC 8785), got another form of it');
  read.whole(value, 'sealrun', 1, 1);
  const prepaid = readPrepaid(value.prepaid);
  const [offer, terms] = [hash(value, 'offer'), hash(value, 'terms')];
  const open = readOpen(value);
  if (/^0+$/.test(terms) !== (prepaid === null) || (prepaid && open.length > 0))
    throw new Malformed(
      'ticket: expected a voucher and nothing open where there are terms, and only there',
    );
  return {
    audience: read.text(value, 'audience', URL, 'the URL of a stack'),
    network: read.oneOf(value, 'network', NETWORKS),
    offer,
    terms,
    key: read.publicKey(value, 'key'),
    issuer: read.publicKey(value, 'issuer'),
    inputs: value.inputs as Inputs,
    open,
    until: read.whole(value, 'until', 0, read.MAX_UNIX_SECONDS),
    prepaid,
    hash: await documentHash(TICKET, document),
  };
}

/** The five fields that the issuer signs. */
export function grantFields(grant: Grant): bigint[] {
  return signedFields(TICKET, grant.network, grant.issuer, grant.hash);
}

/** The call that a ticket makes: its own on its own key, or the one that the issuer signed in advance. */
export function grantCall(
  grant: Grant,
  chosen: Inputs,
  fresh: { salt: string; nonce: string; expiresAt: number },
): Call {
  const { prepaid, network } = grant;
  const hashes = { offerHash: BigInt(`0x${grant.offer}`), termsHash: BigInt(`0x${grant.terms}`) };
  if (!prepaid)
    return {
      network,
      account: grant.key,
      ...hashes,
      asset: '',
      inputs: { ...grant.inputs, ...chosen },
      ...fresh,
    };
  const { account, asset, salt, nonce } = prepaid;
  const { inputs, until: expiresAt } = grant;
  return { network, account, ...hashes, asset, inputs, salt, nonce, expiresAt };
}

export function readSalt(value: JsonObject): string {
  return read.text(value, 'salt', read.HASH, read.HASH_SAYS);
}

export function readNonce(value: JsonObject): string {
  return read.text(value, 'nonce', NONCE, '32 lower-case hex digits');
}

function readPrepaid(value: unknown): Prepaid | null {
  if (value === null) return null;
  const names = ['account', 'asset', 'salt', 'nonce', 'limit', 'signature'];
  const members = read.only(value, names, 'prepaid');
  return {
    account: read.publicKey(members, 'account'),
    asset: read.token(members, 'asset'),
    salt: readSalt(members),
    nonce: readNonce(members),
    limit: read.decimal(members, 'limit', read.MAX_UINT64),
    signature: read.signature(members, 'signature'),
  };
}

/** Names that stand once, and not among the fixed inputs. */
function readOpen(value: JsonObject): string[] {
  const { open, inputs } = value;
  if (!isObject(inputs))
    throw new Malformed(`inputs: expected an object, got ${read.kindOf(inputs)}`);
  const all = Array.isArray(open) ? [...open.map(String), ...Object.keys(inputs)] : [];
  if (!Array.isArray(open) || new Set(all).size !== all.length)
    throw new Malformed(
      'open: expected a list of names that are not fixed, each once, got something else',
    );
  return open.map((name) => read.text({ open: name }, 'open', INPUT, 'names of inputs'));
}

function hash(value: JsonObject, name: string): string {
  read.hexField(value[name], name);
  return value[name] as string;
}
