// An offer as a service shows it. Its hash must be the one that was asked for; all text in it is the seller's.
import { utf8 } from '../../../shared/src/bytes.ts';
import { fieldHex, NETWORKS } from '../../../shared/src/fields.ts';
import type { InputSchema } from '../../../shared/src/inputs.ts';
import { canonical, isObject, type JsonObject } from '../../../shared/src/json.ts';
import { offerHash, sourceMembers, type Source } from '../../../shared/src/offer.ts';
import { readPrices, type Price } from '../../../shared/src/prices.ts';
import * as read from '../../../shared/src/read.ts';

export interface Terms {
  network: string;
  /** The token's id, base58. */
  asset: string;
  ledger: string;
  seller: string;
  operator: string;
  operator_share: number;
  oracle: string;
  exit_delay: number;
}

/** A price, and the terms of the accounts that pay it. */
export interface Priced extends Price {
  terms: Terms;
}

export interface Policy {
  inputs: 'public' | 'buyer';
  outputs: string[];
  log: string[];
  symbols: string[];
  probes: string[];
  token: 'public' | 'buyer';
  grade: number;
  deterministic: boolean;
}

export interface Offer {
  hash: string;
  title: string;
  network: string;
  /** One an asset, MINA first; none where the run is free. */
  prices: Priced[];
  oracle: string;
  source: Source;
  inputs: InputSchema;
  access: { open: boolean; keys: string[] };
  limits: { seconds: number };
  evidence: Policy;
  success: string[];
  /** As it was read; `canonical` of it is what the hash covers. */
  document: JsonObject;
}

const TEXT_SAYS = 'printable ASCII characters';
// Of the provider's own file.
const JOB = /^[^\0-\x1f\x7f]{1,100}$/;
const MAX_INPUTS = 25;
const MAX_DECIMALS = 18;
const KINDS = ['boolean', 'integer', 'number', 'string'];

/**
 * The offer in a document. Throws Malformed where it has another hash, or lacks what this page shows.
 * Not checked: what only a seller could get wrong, which the service checked when it published the offer.
 */
export async function parseOffer(document: unknown, hash: string): Promise<Offer> {
  const value = read.only(document, Object.keys(isObject(document) ? document : {}), 'offer');
  const got = fieldHex(await offerHash(value, utf8(canonical(value))));
  if (got !== hash)
    throw new Error(`The service shows another offer: expected ${hash}, got ${got}.`);
  return {
    hash,
    title: read.text(value, 'title', read.PRINTABLE, TEXT_SAYS),
    network: read.oneOf(value, 'network', NETWORKS),
    // In ascending order of the assets' ids, of which MINA's is the lowest.
    prices: readPrices(value['prices']).map((price) => ({ ...price, terms: terms(value, price) })),
    oracle: read.publicKey(value, 'oracle'),
    source: source(value['source']),
    inputs: schema(value['inputs']),
    access: value['access'] as unknown as Offer['access'],
    limits: { seconds: read.whole(part(value, 'limits'), 'seconds', 1, 86_400) },
    evidence: policy(part(value, 'evidence')),
    success: isObject(value['success']) ? texts(value['success'], 'jobs', JOB) : [],
    document: value,
  };
}

function part(value: JsonObject, name: string): JsonObject {
  const member = value[name];
  if (!isObject(member)) throw new Error(`The offer's ${name} is no object.`);
  return member;
}

function texts(value: JsonObject, name: string, pattern = read.PRINTABLE): string[] {
  const member = value[name];
  if (
    !Array.isArray(member) ||
    !member.every((one) => typeof one === 'string' && pattern.test(one))
  )
    throw new Error(`The offer's ${name} is no list of texts.`);
  return member as string[];
}

/** Of accounts that pay this price. What a person compares of the offer is what moves their money. */
function terms(offer: JsonObject, { asset }: Price): Terms {
  const shared = part(offer, 'terms');
  if ('keys' in shared)
    throw new Error(
      'This page pays accounts that an oracle’s word settles, and proofs of the CI’s own tokens settle this offer’s. Buy with the command: sealrun open OFFER, then sealrun call OFFER --pay.',
    );
  const names = [
    'network',
    'ledger',
    'seller',
    'operator',
    'operator_share',
    'oracle',
    'exit_delay',
  ];
  const members = read.only(shared, names, 'terms');
  for (const name of ['seller', 'operator', 'oracle']) read.publicKey(members, name);
  read.whole(members, 'operator_share', 0, 10_000);
  read.whole(members, 'exit_delay', 1, 13_440);
  for (const name of ['network', 'oracle'])
    if (members[name] !== offer[name])
      throw new Error(
        `${name}: expected that of the terms, ${String(members[name])}, got ${String(offer[name])}.`,
      );
  return { asset, ...members } as unknown as Terms;
}

function source(value: unknown): Source {
  const members = sourceMembers(value);
  for (const name of ['provider', 'origin', 'project', 'ref', 'commit', 'tree'])
    read.text(members, name, read.PRINTABLE, TEXT_SAYS);
  if ('base_path' in members) read.text(members, 'base_path', read.PRINTABLE, TEXT_SAYS);
  if ('inputs_as' in members) read.oneOf(members, 'inputs_as', ['inputs', 'variables']);
  const file = read.only(members['configuration'], ['path', 'sha256', 'includes'], 'configuration');
  for (const name of ['path', 'sha256']) read.text(file, name, read.PRINTABLE, TEXT_SAYS);
  texts(file, 'includes');
  return members as unknown as Source;
}

function policy(value: JsonObject): Policy {
  for (const name of ['outputs', 'log', 'symbols', 'probes']) texts(value, name);
  for (const name of ['inputs', 'token']) read.oneOf(value, name, ['public', 'buyer']);
  read.whole(value, 'grade', 0, 1);
  read.truth(value, 'deterministic');
  return value as unknown as Policy;
}

function schema(value: unknown): InputSchema {
  const optional = ['required', 'x-order'];
  const members = read.only(
    value,
    ['type', 'properties', 'additionalProperties'],
    'inputs',
    optional,
  );
  const properties = part(members, 'properties');
  if (Object.keys(properties).length > MAX_INPUTS)
    throw new Error('The offer has too many inputs.');
  for (const name of Object.keys(properties)) property(part(properties, name));
  for (const name of optional) if (name in members) texts(members, name);
  return members as unknown as InputSchema;
}

function property(kind: JsonObject): void {
  read.oneOf(kind, 'type', KINDS);
  for (const name of ['title', 'description', 'pattern', 'contentEncoding'])
    if (name in kind && typeof kind[name] !== 'string')
      throw new Error(`An input's ${name} is no text.`);
  for (const name of ['minimum', 'maximum', 'minLength', 'maxLength'])
    if (name in kind && typeof kind[name] !== 'number')
      throw new Error(`An input's ${name} is no number.`);
  for (const name of ['enum', 'x-sellers']) if (name in kind) texts(kind, name);
  if ('format' in kind) read.oneOf(kind, 'format', ['sealrun-offer']);
  if ('x-price' in kind) {
    const most = read.only(kind['x-price'], ['asset', 'amount', 'decimals', 'symbol'], 'x-price');
    read.decimal(most, 'amount', read.MAX_UINT64);
    read.whole(most, 'decimals', 0, MAX_DECIMALS);
    for (const name of ['asset', 'symbol']) read.text(most, name, read.PRINTABLE, TEXT_SAYS);
  }
}
