/**
 * Shared vectors, in both directions. The schema is in README.md.
 * node build/vectors.js write FILE   what this side computes, from fixed keys
 * node build/vectors.js check FILE   whether this side computes the same as a file of the same schema
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { Field, PrivateKey, PublicKey, Signature, UInt32, UInt64 } from 'o1js';
import { bytesToEvent, credentialHash } from './credential.js';
import * as fields from './fields.js';
import { type DueLeaf, dueLeaf, dueStatement, path } from './receipts.js';

/** Decimal text for field elements and amounts, as in all JSON here. */
type Decimal = string;

export interface TermsJson {
  network: string;
  ledger: Decimal;
  seller: string;
  operator: string;
  operator_share: number;
  oracle: string;
  exit_delay: number;
}

interface LeafJson {
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
  voucher: Signed<{ network: string; account: string; limit: Decimal; call_hash: Decimal }>[];
  due: Signed<{
    network: string;
    account: string;
    due: Decimal;
    tree_root: Decimal;
    count: number;
    receipts_root: Decimal;
  }>[];
  exit: Signed<{ network: string; account: string; latest: number }>[];
  close: Signed<{ network: string; offer: string }>[];
  tree: {
    leaves: LeafJson[];
    hashes: Decimal[];
    tree_root: Decimal;
    receipts_root: Decimal;
    index: number;
    path: Decimal[];
  }[];
  credential: { text: string; event: Decimal[]; hash: Decimal }[];
}

type Signed<T> = T & { signer: string; fields: Decimal[]; signature: string };

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
    call: given.call.map((call) => ({ ...call, hash: `${callHash(call)}` })),
    voucher: given.voucher.map((v) =>
      signed(
        v,
        fields.voucherFields(
          fields.textField(v.network),
          address(v.account),
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
        UInt64.from(d.due),
        root,
      );
      return { ...signed(d, list), receipts_root: `${root}` };
    }),
    exit: given.exit.map((e) =>
      signed(
        e,
        fields.exitFields(fields.textField(e.network), address(e.account), UInt32.from(e.latest)),
      ),
    ),
    close: given.close.map((c) =>
      signed(c, fields.closeFields(fields.textField(c.network), address(c.offer))),
    ),
    tree: given.tree.map(({ leaves, index }) => tree(leaves, index)),
    credential: given.credential.map(({ text }) => {
      const bytes = new TextEncoder().encode(text);
      return { text, event: texts(bytesToEvent(bytes)), hash: `${credentialHash(bytes)}` };
    }),
  };
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
    ledger: Field(terms.ledger),
    seller: address(terms.seller),
    operator: address(terms.operator),
    operatorShare: UInt32.from(terms.operator_share),
    oracle: address(terms.oracle),
    exitDelay: UInt32.from(terms.exit_delay),
  });
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

/** Inputs of this side's file: edges, and one honest sale. Keys are small numbers and guard nothing. */
function inputs(): Vectors {
  const [buyer, seller, operator, oracle, account] = [1n, 2n, 3n, 4n, 5n].map((n) =>
    PrivateKey.fromBigInt(n),
  ) as [PrivateKey, PrivateKey, PrivateKey, PrivateKey, PrivateKey];
  const base58 = (key: PrivateKey) => key.toPublicKey().toBase58();
  const P1 = Field(-1).toString();
  const network = 'mina:devnet';
  const NET = fields.textField(network);
  const to = account.toPublicKey();
  const sign = (key: PrivateKey, list: Field[]) => ({
    signer: base58(key),
    fields: [],
    signature: Signature.create(key, list).toBase58(),
  });
  const terms = (
    ledger: string,
    share: number,
    delay: number,
  ): { terms: TermsJson; hash: Decimal } => ({
    terms: {
      network,
      ledger,
      seller: base58(seller),
      operator: base58(operator),
      operator_share: share,
      oracle: base58(oracle),
      exit_delay: delay,
    },
    hash: '',
  });
  const leaf = (i: number, total: number, price: number): LeafJson => ({
    index: `${i}`,
    call_hash: `${100 + i}`,
    receipt_hash: `${200 + i}`,
    price_due: `${price}`,
    running_total: `${total}`,
  });
  const most = (2n ** 64n - 1n).toString();
  const due = (amount: string, treeRoot: string, count: number) => {
    const root = fields.receiptsRoot(Field(treeRoot), Field(count));
    const list = fields.dueFields(NET, to, UInt64.from(amount), root);
    return {
      network,
      account: base58(account),
      due: amount,
      tree_root: treeRoot,
      count,
      receipts_root: '',
      ...sign(oracle, list),
    };
  };
  const voucher = (limit: string, call: string) => ({
    network,
    account: base58(account),
    limit,
    call_hash: call,
    ...sign(buyer, fields.voucherFields(NET, to, UInt64.from(limit), Field(call))),
  });
  return {
    text: [
      'a',
      'mina:devnet',
      'mina:mainnet',
      'sealrun:voucher',
      'sealrun:due',
      'sealrun:exit',
      'sealrun:close',
      'x'.repeat(31),
    ].map((text) => ({ text, field: '' })),
    hash: [
      { tag: 'sealrun:node', fields: ['0', '0'], hash: '' },
      { tag: 'sealrun:node', fields: [P1, '1'], hash: '' },
      { tag: 'sealrun:offer', fields: ['1', '2'], hash: '' },
      { tag: 'x'.repeat(20), fields: ['1', '2', '3'], hash: '' },
    ],
    digest: [
      '00'.repeat(32),
      'ff'.repeat(32),
      '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f',
    ].map((sha256) => ({ sha256, fields: [] })),
    terms: [terms('0', 0, 1), terms('12345', 250, 480), terms(P1, 10_000, 2 ** 32 - 1)],
    call: [
      {
        network,
        account: base58(account),
        offer_hash: '1',
        terms_hash: '2',
        inputs_hash: '3',
        nonce: '4',
        expires_at: '1790000000',
        hash: '',
      },
      {
        network: 'mina:mainnet',
        account: base58(buyer),
        offer_hash: P1,
        terms_hash: P1,
        inputs_hash: P1,
        nonce: (2n ** 128n - 1n).toString(),
        expires_at: '0',
        hash: '',
      },
    ],
    voucher: [voucher('1', '5'), voucher(most, P1)],
    due: [due('1', '7', 1), due(most, P1, 2 ** 32 - 1)],
    exit: [
      {
        network,
        account: base58(account),
        latest: 1000,
        ...sign(buyer, fields.exitFields(NET, to, UInt32.from(1000))),
      },
    ],
    close: [{ network, offer: base58(account), ...sign(seller, fields.closeFields(NET, to)) }],
    tree: [
      { leaves: [leaf(0, 5, 5)], hashes: [], tree_root: '', receipts_root: '', index: 0, path: [] },
      {
        leaves: [leaf(0, 5, 5), leaf(1, 5, 0), leaf(2, 12, 7)],
        hashes: [],
        tree_root: '',
        receipts_root: '',
        index: 2,
        path: [],
      },
    ],
    credential: [
      { text: '{"endpoint":"https://calls.example","sealed":"c2VhbGVk"}', event: [], hash: '' },
    ],
  };
}

export function makeVectors(): Vectors {
  return recompute(inputs());
}

/** Names of the lists that differ; empty if both sides agree. Lists that the file does not have are left out. */
export function differences(given: Partial<Vectors>): string[] {
  const empty = Object.fromEntries(
    Object.keys(inputs()).map((name) => [name, []]),
  ) as unknown as Vectors;
  const full = { ...empty, ...given };
  const again = recompute(full);
  return (Object.keys(empty) as (keyof Vectors)[]).filter(
    (name) => !sameJson(again[name], full[name]),
  );
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

const [command, file] = process.argv.slice(2);
if (command === 'write' && file) writeFileSync(file, JSON.stringify(makeVectors(), null, 1) + '\n');
if (command === 'check' && file) {
  const differing = differences(JSON.parse(readFileSync(file, 'utf8')) as Partial<Vectors>);
  console.log(JSON.stringify({ file, differing }));
  process.exitCode = differing.length > 0 ? 1 : 0;
}
