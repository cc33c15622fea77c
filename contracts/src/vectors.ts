/** Shared vectors: what each list's inputs give on this side. The schema is in DEVELOPING.md. */
import { createHash } from 'node:crypto';
import { Field, PublicKey, Signature, TokenId, UInt32, UInt64 } from 'o1js';
import { bytesToEvent, credentialHash } from './credential.js';
import * as fields from './fields.js';
import { offerHash, pricesRoot } from './offer_hash.js';
import { Receipt, type ReceiptData } from './receipt.js';
import { type IssuerKey, hashOfKey } from './token/issuer_keys.js';
import { LAYOUTS } from './token/layouts.js';
import { factsHashOf, keyRoot } from './token/statement.js';
import { type DueLeaf, dueLeaf, dueStatement, path } from './receipts.js';

/** Decimal text for field elements and amounts, as in all JSON here. */
export type Decimal = string;

export interface TermsJson {
  network: string;
  /** Base58. */
  asset: string;
  ledger: Decimal;
  seller: string;
  operator: string;
  operator_share: number;
  /** Where terms name an oracle, `keys` is left out, and the other way round. */
  oracle?: string;
  keys?: Decimal;
  exit_delay: number;
}

export interface PriceJson {
  /** Base58. */
  asset: string;
  amount: Decimal;
}

export interface LeafJson {
  index: Decimal;
  call_hash: Decimal;
  receipt_hash: Decimal;
  price_due: Decimal;
  running_total: Decimal;
}

export interface Vectors {
  text: { text: string; field: Decimal }[];
  hash: { tag: string; fields: Decimal[]; hash: Decimal }[];
  digest: { sha256: string; fields: Decimal[] }[];
  terms: { terms: TermsJson; hash: Decimal }[];
  call: {
    network: string;
    account: string;
    offer_hash: Decimal;
    terms_hash: Decimal;
    inputs_hash: Decimal;
    nonce: Decimal;
    expires_at: Decimal;
    hash: Decimal;
  }[];
  prices: { prices: PriceJson[]; root: Decimal }[];
  offer: { sha256: string; facts: Decimal; prices: PriceJson[]; hash: Decimal }[];
  voucher: Signed<OfAccount & { limit: Decimal; call_hash: Decimal }>[];
  due: Signed<
    OfAccount & { due: Decimal; tree_root: Decimal; count: number; receipts_root: Decimal }
  >[];
  exit: Signed<OfAccount & { latest: number }>[];
  withdraw: Signed<OfAccount & { exit_slot: number; amount: Decimal }>[];
  close: Signed<{ network: string; offer: string }>[];
  list: Signed<{
    network: string;
    board: string;
    offer: string;
    offer_hash: Decimal;
    url: string;
  }>[];
  receipt: Signed<{ data: ReceiptData; hash: Decimal }>[];
  tree: {
    leaves: LeafJson[];
    hashes: Decimal[];
    tree_root: Decimal;
    receipts_root: Decimal;
    index: number;
    path: Decimal[];
  }[];
  credential: { text: string; event: Decimal[]; hash: Decimal }[];
  facts: { issuer: Issuer; facts: Record<string, string>; hash: Decimal }[];
  issuer_key: { issuer: Issuer; key: IssuerKey; hash: Decimal }[];
  key_root: { hashes: Decimal[]; root: Decimal }[];
}

type Issuer = keyof typeof LAYOUTS;

/** `asset` is empty where a call costs nothing, and else base58. */
interface OfAccount {
  network: string;
  account: string;
  asset: string;
}

type Signed<T> = T & { signer: string; fields: Decimal[]; signature: string };

const LISTS = [
  'text',
  'hash',
  'digest',
  'terms',
  'prices',
  'offer',
  'call',
  'voucher',
  'due',
  'exit',
  'withdraw',
  'close',
  'list',
  'receipt',
  'tree',
  'credential',
  'facts',
  'issuer_key',
  'key_root',
] as const satisfies (keyof Vectors)[];

/** Every list again, from the inputs in it: equal if both sides agree. Signatures are verified, not made again. */
export function recompute(given: Vectors): Vectors {
  return {
    text: given.text.map(({ text }) => ({ text, field: `${fields.textField(text)}` })),
    hash: given.hash.map(({ tag, fields: list }) => ({
      tag,
      fields: list,
      hash: `${fields.H(tag, list.map(Field))}`,
    })),
    digest: given.digest.map(({ sha256 }) => ({
      sha256,
      fields: texts(fields.digestFields(Buffer.from(sha256, 'hex'))),
    })),
    terms: given.terms.map(({ terms }) => ({ terms, hash: `${readTerms(terms).hash()}` })),
    prices: given.prices.map(({ prices }) => ({ prices, root: `${readPrices(prices)}` })),
    offer: given.offer.map((o) => ({ ...o, hash: `${readOffer(o)}` })),
    call: given.call.map((call) => ({ ...call, hash: `${callHash(call)}` })),
    voucher: given.voucher.map((v) =>
      signed(
        v,
        fields.voucherFields(
          fields.textField(v.network),
          address(v.account),
          asset(v.asset),
          UInt64.from(v.limit),
          Field(v.call_hash),
        ),
      ),
    ),
    due: given.due.map((d) => {
      const root = fields.receiptsRoot(Field(d.tree_root), Field(d.count));
      const list = fields.dueFields(
        fields.textField(d.network),
        address(d.account),
        asset(d.asset),
        UInt64.from(d.due),
        root,
      );
      return { ...signed(d, list), receipts_root: `${root}` };
    }),
    exit: given.exit.map((e) =>
      signed(
        e,
        fields.exitFields(
          fields.textField(e.network),
          address(e.account),
          asset(e.asset),
          UInt32.from(e.latest),
        ),
      ),
    ),
    withdraw: given.withdraw.map((w) =>
      signed(
        w,
        fields.withdrawFields(
          fields.textField(w.network),
          address(w.account),
          asset(w.asset),
          UInt32.from(w.exit_slot),
          UInt64.from(w.amount),
        ),
      ),
    ),
    close: given.close.map((c) =>
      signed(c, fields.closeFields(fields.textField(c.network), address(c.offer))),
    ),
    list: given.list.map((l) => signed(l, readListing(l))),
    receipt: given.receipt.map((r) => {
      const receipt = Receipt.read(r.data);
      return { ...signed(r, receipt.fields()), hash: `${receipt.hash()}` };
    }),
    tree: given.tree.map(({ leaves, index }) => tree(leaves, index)),
    credential: given.credential.map(({ text }) => {
      const bytes = new TextEncoder().encode(text);
      return { text, event: texts(bytesToEvent(bytes)), hash: `${credentialHash(bytes)}` };
    }),
    facts: given.facts.map((f) => ({ ...f, hash: `${factsHashOf(LAYOUTS[f.issuer], f.facts)}` })),
    issuer_key: given.issuer_key.map((k) => ({
      ...k,
      hash: `${hashOfKey(LAYOUTS[k.issuer], k.key)}`,
    })),
    key_root: given.key_root.map(({ hashes }) => ({
      hashes,
      root: `${keyRoot(hashes.map(Field))}`,
    })),
  };
}

/** The fields of a listing. */
export function readListing(
  listing: Omit<Vectors['list'][number], 'signer' | 'signature' | 'fields'>,
): Field[] {
  const { network, board, offer, offer_hash, url } = listing;
  const digest = createHash('sha256').update(url).digest();
  const hash = Field(offer_hash);
  return fields.listFields(fields.textField(network), address(board), address(offer), hash, digest);
}

/** The fields that were to be signed; throws if the signature is not over them. */
function signed<T extends { signer: string; signature: string; fields: Decimal[] }>(
  entry: T,
  list: Field[],
): T {
  const valid = Signature.fromBase58(entry.signature)
    .verify(address(entry.signer), list)
    .toBoolean();
  if (!valid) throw new Error(`signature is not ${entry.signer}'s over ${texts(list).join(', ')}`);
  return { ...entry, fields: texts(list) };
}

function tree(leaves: LeafJson[], index: number): Vectors['tree'][number] {
  const read = leaves.map(readLeaf);
  const hashes = read.map(dueLeaf);
  const { treeRoot, root } = dueStatement(read);
  return {
    leaves,
    hashes: texts(hashes),
    tree_root: `${treeRoot}`,
    receipts_root: `${root}`,
    index,
    path: texts(path(hashes, index)),
  };
}

function readLeaf(leaf: LeafJson): DueLeaf {
  return {
    index: BigInt(leaf.index),
    callHash: Field(leaf.call_hash),
    receiptHash: Field(leaf.receipt_hash),
    priceDue: BigInt(leaf.price_due),
    runningTotal: BigInt(leaf.running_total),
  };
}

function readTerms(terms: TermsJson): fields.Terms {
  return new fields.Terms({
    network: fields.textField(terms.network),
    asset: asset(terms.asset),
    ledger: Field(terms.ledger),
    seller: address(terms.seller),
    operator: address(terms.operator),
    operatorShare: UInt32.from(terms.operator_share),
    oracle: terms.oracle === undefined ? PublicKey.empty() : address(terms.oracle),
    keys: Field(terms.keys ?? 0),
    exitDelay: UInt32.from(terms.exit_delay),
  });
}

function readPrices(prices: PriceJson[]): Field {
  return pricesRoot(
    prices.map((price) => ({ asset: asset(price.asset), amount: UInt64.from(price.amount) })),
  );
}

function readOffer({ sha256, facts, prices }: Vectors['offer'][number]): Field {
  const digest = fields.digestFields(Buffer.from(sha256, 'hex'));
  return offerHash(digest, Field(facts), readPrices(prices));
}

function asset(text: string): Field {
  return text === '' ? Field(0) : TokenId.fromBase58(text);
}

function callHash(call: Vectors['call'][number]): Field {
  return fields.callHash({
    network: fields.textField(call.network),
    account: address(call.account),
    offerHash: Field(call.offer_hash),
    termsHash: Field(call.terms_hash),
    inputsHash: Field(call.inputs_hash),
    nonce: Field(call.nonce),
    expiresAt: Field(call.expires_at),
  });
}

function address(text: string): PublicKey {
  return PublicKey.fromBase58(text);
}

function texts(list: Field[]): Decimal[] {
  return list.map(String);
}

/** Names of the lists that differ; empty if both sides agree. Lists that the file does not have are left out. */
export function differences(given: Partial<Vectors>): string[] {
  const empty = Object.fromEntries(LISTS.map((name) => [name, []])) as unknown as Vectors;
  const full = { ...empty, ...given };
  const again = recompute(full);
  return LISTS.filter((name) => !sameJson(again[name], full[name]));
}

function sameJson(a: unknown, b: unknown): boolean {
  return JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([k, v]) => [k, sorted(v)]),
  );
}
