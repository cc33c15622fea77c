// The documents behind a receipt's hashes: offer, source, call and inputs. Step 3.
import { utf8, type Bytes } from '../bytes.ts';
import { Malformed } from '../errors.ts';
import { documentHash, fieldHex, taggedHash, textField } from '../fields.ts';
import { canonical, isObject, parseObject, type JsonObject } from '../json.ts';
import { keyFields, P, tokenId } from '../mina.ts';
import { offerHash, sourceMembers } from '../offer.ts';
import { readPrices } from '../prices.ts';
import * as read from '../read.ts';
import { readParent } from '../signed_call.ts';
import { ARITHMETIC, NotShown, require, requireEqual, type Claims, type Folder } from './claims.ts';
import type { Receipt } from './receipt.ts';

const PLACE = ['provider', 'origin', 'project', 'ref', 'commit', 'tree', 'configuration'] as const;
const HASHES = ['offer_hash', 'terms_hash', 'inputs_hash'] as const;
const TERMS = ['network', 'asset', 'ledger', 'seller', 'operator', 'operator_share', 'exit_delay'];
const MAX_INPUTS_BYTES = 1 << 16;
const MAX_READS = 20;

/** What the reader brings along: nothing of it comes from the evidence. */
export interface Expected {
  /** The offer's hash, 64 hex digits, and its oracle as base58. */
  offer: string;
  oracle: string;
  /** The call's hash, 64 hex digits. */
  call: string;
  /** The inputs that were chosen, where this reader chose them. */
  inputs?: JsonObject;
  /** Throws where inputs do not fit the offer's schema. */
  checkInputs: (inputs: JsonObject) => void;
}

/** The offer's document, or undefined where it is none that the receipt was for. */
export async function checkDocuments(
  claims: Claims,
  receipt: Receipt,
  folder: Folder,
  expected: Expected,
): Promise<JsonObject | undefined> {
  let offer: JsonObject | undefined;
  await claims.check('offer', ARITHMETIC, async () => {
    offer = undefined;
    const value = await checkOffer(receipt, document(folder, 'offer.json'), expected);
    offer = value;
    return `offer.json is the offer: ${String(value['title'])}`;
  });
  if (offer) {
    await checkSource(claims, receipt, offer, fieldHex(receipt.hashes.offer_hash));
    await checkMinimum(claims, receipt, offer);
  }
  await claims.check('call', ARITHMETIC, () => checkCall(receipt, offer, folder, expected));
  await claims.check('inputs', ARITHMETIC, () => checkInputs(receipt, folder, expected));
  return offer;
}

/** Throws NotShown where it is not here. */
export function document(folder: Folder, name: string): Bytes {
  const bytes = folder.get(name);
  if (!bytes) throw new NotShown(`${name} is not here`);
  return bytes;
}

/** JSON whose bytes are canonical. */
export function canonicalObject(bytes: Uint8Array, what: string, atMost?: number): JsonObject {
  const value = parseObject(bytes, atMost);
  require(canonical(value) ===
    new TextDecoder().decode(
      bytes,
    ), `${what}: expected canonical JSON (RFC 8785), got another form of it`);
  return value;
}

async function checkOffer(receipt: Receipt, bytes: Bytes, expected: Expected): Promise<JsonObject> {
  // Step 3.1
  const value = canonicalObject(bytes, 'offer');
  const hash = fieldHex(await offerHash(value, bytes));
  requireEqual('offer hash', fieldHex(receipt.hashes.offer_hash), hash);
  requireEqual('offer', expected.offer, hash);
  requireEqual('network', receipt.network, value['network']);
  requireEqual("the offer's oracle", receipt.publicKey, value['oracle']);
  return value;
}

async function checkSource(
  claims: Claims,
  receipt: Receipt,
  offer: JsonObject,
  hash: string,
): Promise<void> {
  await claims.check('source', ARITHMETIC, async () => {
    // Step 3.2
    const source = sourceMembers(offer['source']);
    const pinned = Object.fromEntries(PLACE.map((name) => [name, source[name] ?? null]));
    const got = await documentHash('sealrun:source', utf8(canonical({ ...pinned, offer: hash })));
    requireEqual('source hash', got, receipt.hashes.source_hash);
    const file = source['configuration'];
    const path = isObject(file) ? String(file['path']) : '';
    return `commit ${String(source['commit'])}, tree ${String(source['tree'])}, ${path}`;
  });
}

async function checkMinimum(claims: Claims, receipt: Receipt, offer: JsonObject): Promise<void> {
  await claims.check('minimum grade', 'the offer', () => {
    // Step 3.3
    const policy = read.only(offer['evidence'], Object.keys(offer['evidence'] ?? {}), 'evidence');
    const least = read.whole(policy, 'grade', 0, 3);
    const enough = receipt.outcome !== 'succeeded' || receipt.grade >= least;
    require(enough, `the offer's grade: expected at least ${least}, got ${receipt.grade}`);
    return `the offer demands ${least}`;
  });
}

/** The hash of an account's terms, 0 for none. They name either an oracle or the root of an issuer's keys. */
export function termsHash(terms: unknown): bigint {
  if (terms === null || terms === undefined) return 0n;
  const value = read.only(terms, TERMS, 'terms', ['oracle', 'keys']);
  const [oracle, keys] = ['oracle', 'keys'].map((name) => Object.hasOwn(value, name));
  require(oracle !==
    keys, "terms: expected either an oracle or an issuer's keys, got both or none");
  return taggedHash('sealrun:terms', [
    textField(read.text(value, 'network', /^.{1,31}$/, 'a network')),
    tokenId(read.token(value, 'asset')),
    read.decimal(value, 'ledger', P - 1n),
    ...keyFields(read.publicKey(value, 'seller')),
    ...keyFields(read.publicKey(value, 'operator')),
    BigInt(read.whole(value, 'operator_share', 0, 10_000)),
    ...(oracle ? keyFields(read.publicKey(value, 'oracle')) : [0n, 0n]),
    keys ? read.decimal(value, 'keys', P - 1n) : 0n,
    BigInt(read.whole(value, 'exit_delay', 1, 13_440)),
  ]);
}

/** The hashes of the terms that calls of this offer can name: one a price, and 0 for an offer of price 0. */
export function termsHashes(offer: JsonObject): bigint[] {
  const terms = offer['terms'];
  if (!isObject(terms)) return [0n];
  return readPrices(offer['prices']).map(({ asset }) => termsHash({ ...terms, asset }));
}

function checkCall(
  receipt: Receipt,
  offer: JsonObject | undefined,
  folder: Folder,
  expected: Expected,
): string {
  // Step 3.4; a receipt of another call than the one that was asked for is worth nothing here.
  requireEqual('call', expected.call, fieldHex(receipt.hashes.call_hash));
  const value = canonicalObject(document(folder, 'call.json'), 'call');
  read.only(value, ['sealrun', 'network', 'account', 'nonce', 'expires_at', ...HASHES], 'call');
  read.whole(value, 'sealrun', 1, 1);
  const account = read.publicKey(value, 'account');
  const [offerHash, terms, inputs] = HASHES.map((name) => read.decimal(value, name, P - 1n));
  const network = read.text(value, 'network', /^.{1,31}$/, 'a network');
  const hash = taggedHash('sealrun:call', [
    textField(network),
    ...keyFields(account),
    offerHash ?? 0n,
    terms ?? 0n,
    inputs ?? 0n,
    BigInt(`0x${read.text(value, 'nonce', /^[0-9a-f]{32}$/, '32 lower-case hex digits')}`),
    BigInt(read.whole(value, 'expires_at', 0, read.MAX_UNIX_SECONDS)),
  ]);
  requireEqual('call hash', expected.call, fieldHex(hash));
  requireEqual("the call's offer", receipt.hashes.offer_hash, offerHash);
  requireEqual("the call's inputs", receipt.hashes.inputs_hash, inputs);
  requireEqual("the call's network", receipt.network, network);
  if (offer)
    require(termsHashes(offer).includes(
      terms ?? 0n,
    ), `the call's terms: expected the offer's, got ${terms}`);
  // An oracle that buys from itself would sign whatever it likes.
  require(account !==
    expected.oracle, "the call's account: expected a buyer's, got the oracle's own");
  return `call.json is call ${expected.call}`;
}

async function checkInputs(receipt: Receipt, folder: Folder, expected: Expected): Promise<string> {
  const bytes = folder.get('inputs.json');
  if (!bytes) throw new NotShown('the buyer keeps them; only their salted hash is here');
  // Step 3.5
  requireEqual(
    'inputs hash',
    receipt.hashes.inputs_hash,
    await documentHash('sealrun:inputs', bytes),
  );
  const value = canonicalObject(bytes, 'inputs', MAX_INPUTS_BYTES);
  read.only(value, ['inputs', 'salt'], 'inputs', ['reads', 'parent']);
  if (value['parent'] !== undefined) readParent(value['parent']);
  const inputs = value['inputs'];
  const reads = value['reads'] ?? [];
  const hashes = Array.isArray(reads) && reads.length <= MAX_READS && reads.every(isHash);
  require(hashes, `reads: expected a list of at most ${MAX_READS} receipt hashes, got something else`);
  if (!isObject(inputs))
    throw new Malformed(`inputs: expected an object, got ${read.kindOf(inputs)}`);
  expected.checkInputs(inputs);
  if (!expected.inputs) return 'inputs.json is what the buyer asked for';
  requireEqual('the inputs', canonical(expected.inputs), canonical(inputs));
  return 'exactly what you chose';
}

function isHash(value: unknown): boolean {
  return typeof value === 'string' && read.HASH.test(value);
}
