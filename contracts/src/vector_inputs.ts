/** Inputs of this side's vectors: edges of each range. Keys are small numbers and guard nothing. */
import { Field, PrivateKey, Signature, TokenId, UInt32, UInt64 } from 'o1js';
import * as fields from './fields.js';
import { MAX_PRICES } from './offer_hash.js';
import { Receipt } from './receipt.js';
import { LAYOUTS } from './token/layouts.js';
import {
  type Decimal,
  type LeafJson,
  type PriceJson,
  type TermsJson,
  type Vectors,
  readListing,
  recompute,
} from './vectors.js';

const [buyer, seller, operator, oracle, account] = [1n, 2n, 3n, 4n, 5n].map((n) =>
  PrivateKey.fromBigInt(n),
) as [PrivateKey, PrivateKey, PrivateKey, PrivateKey, PrivateKey];
const ADDRESS = account.toPublicKey();
const ACCOUNT = base58(account);
const network = 'mina:devnet';
const NETWORK = fields.textField(network);
const MINA = TokenId.toBase58(TokenId.default);
/** A token that the seller owns. */
const TOKEN = TokenId.derive(seller.toPublicKey());
const HIGHEST_FIELD = Field(-1).toString();
const HIGHEST_AMOUNT = (2n ** 64n - 1n).toString();
const HIGHEST_UINT32 = 2 ** 32 - 1;

export function makeVectors(): Vectors {
  return recompute({
    text: texts().map((text) => ({ text, field: '' })),
    hash: [
      hash('sealrun:node', '0', '0'),
      hash('sealrun:node', HIGHEST_FIELD, '1'),
      hash('x'.repeat(20), '1', '2', '3'),
    ],
    digest: [
      '00'.repeat(32),
      'ff'.repeat(32),
      '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f',
    ].map((sha256) => ({ sha256, fields: [] })),
    terms: [
      terms('0', 0, 1),
      terms('12345', 250, 480),
      terms(HIGHEST_FIELD, 10_000, fields.MAX_EXIT_DELAY),
      terms('7', 250, 960, { asset: TokenId.toBase58(TOKEN) }),
      terms('7', 250, 960, { keys: '11' }),
    ],
    prices: [[], [price()], [price(), token()], many()].map((prices) => ({ prices, root: '' })),
    offer: [
      offer('0', []),
      offer('0', [price()]),
      offer(HIGHEST_FIELD, [price(), token(HIGHEST_AMOUNT)]),
    ],
    call: calls(),
    voucher: [
      voucher('1', '5'),
      voucher(HIGHEST_AMOUNT, HIGHEST_FIELD, TOKEN),
      voucher('0', '5', Field(0)),
    ],
    due: [due('1', '7', 1), due(HIGHEST_AMOUNT, HIGHEST_FIELD, HIGHEST_UINT32, TOKEN)],
    exit: [exit(1000), exit(HIGHEST_UINT32, TOKEN)],
    withdraw: [withdraw(1000, '1'), withdraw(HIGHEST_UINT32, HIGHEST_AMOUNT, TOKEN)],
    close: [{ network, offer: ACCOUNT, ...sign(seller, fields.closeFields(NETWORK, ADDRESS)) }],
    list: [
      listing('0', 'https://a.example/offers/0'),
      listing(HIGHEST_FIELD, 'https://ü.example/offers/é'),
    ],
    receipt: [receipt('0', 1, 0, 0), receipt(HIGHEST_FIELD, 10, 3, Number.MAX_SAFE_INTEGER)],
    tree: [tree(0, leaf(0, 5, 5)), tree(2, leaf(0, 5, 5), leaf(1, 0, 5), leaf(2, 7, 12))],
    credential: [
      { text: '{"endpoint":"https://calls.example","sealed":"c2VhbGVk"}', event: [], hash: '' },
    ],
    facts: [facts('gitlab', '1'), facts('github', '9'.repeat(13))],
    issuer_key: [issuerKey('gitlab', 2n ** 2047n), issuerKey('github', 2n ** 2048n - 1n)],
    key_root: [
      ['1'],
      ['7', '5', '7'],
      Array.from({ length: 16 }, (_, i) => `${BigInt(HIGHEST_FIELD) - BigInt(i)}`),
    ].map((hashes) => ({ hashes, root: '' })),
  });
}

function texts(): string[] {
  const tags = ['voucher2', 'due2', 'exit2', 'withdraw2', 'close', 'list', 'receipt'].map(
    (name) => `sealrun:${name}`,
  );
  return ['a', 'mina:devnet', 'mina:mainnet', ...tags, 'x'.repeat(31)];
}

function hash(tag: string, ...list: Decimal[]): Vectors['hash'][number] {
  return { tag, fields: list, hash: '' };
}

function terms(
  ledger: Decimal,
  share: number,
  delay: number,
  { asset = MINA, keys }: { asset?: string; keys?: Decimal } = {},
): { terms: TermsJson; hash: Decimal } {
  const parties = { seller: base58(seller), operator: base58(operator) };
  const word = keys === undefined ? { oracle: base58(oracle) } : { keys };
  const numbers = { operator_share: share, exit_delay: delay };
  return { terms: { network, asset, ledger, ...parties, ...word, ...numbers }, hash: '' };
}

function price(): PriceJson {
  return { asset: MINA, amount: '1' };
}

function token(amount = '3'): PriceJson {
  return { asset: TokenId.toBase58(TOKEN), amount };
}

/** In as many assets as there may be. */
function many(): PriceJson[] {
  return Array.from({ length: MAX_PRICES }, (_, i) => ({
    asset: TokenId.toBase58(Field(i + 1)),
    amount: `${i + 1}`,
  }));
}

function offer(facts: Decimal, prices: PriceJson[]): Vectors['offer'][number] {
  return { sha256: '0f'.repeat(32), facts, prices, hash: '' };
}

function calls(): Vectors['call'] {
  const low = {
    offer_hash: '1',
    terms_hash: '2',
    inputs_hash: '3',
    nonce: '4',
    expires_at: '1790000000',
  };
  const high = { offer_hash: HIGHEST_FIELD, terms_hash: HIGHEST_FIELD, inputs_hash: HIGHEST_FIELD };
  const nonce = (2n ** 128n - 1n).toString();
  return [
    { network, account: ACCOUNT, ...low, hash: '' },
    { network: 'mina:mainnet', account: base58(buyer), ...high, nonce, expires_at: '0', hash: '' },
  ];
}

/** An account's entry, and the token id that it names. */
function ofAccount(asset: Field): { network: string; account: string; asset: string } {
  const nothing = asset.equals(0).toBoolean();
  return { network, account: ACCOUNT, asset: nothing ? '' : TokenId.toBase58(asset) };
}

function voucher(
  limit: Decimal,
  call: Decimal,
  asset = TokenId.default,
): Vectors['voucher'][number] {
  const list = fields.voucherFields(NETWORK, ADDRESS, asset, UInt64.from(limit), Field(call));
  return { ...ofAccount(asset), limit, call_hash: call, ...sign(buyer, list) };
}

function due(
  amount: Decimal,
  treeRoot: Decimal,
  count: number,
  asset = TokenId.default,
): Vectors['due'][number] {
  const root = fields.receiptsRoot(Field(treeRoot), Field(count));
  const signed = sign(oracle, fields.dueFields(NETWORK, ADDRESS, asset, UInt64.from(amount), root));
  return {
    ...ofAccount(asset),
    due: amount,
    tree_root: treeRoot,
    count,
    receipts_root: '',
    ...signed,
  };
}

function exit(latest: number, asset = TokenId.default): Vectors['exit'][number] {
  const list = fields.exitFields(NETWORK, ADDRESS, asset, UInt32.from(latest));
  return { ...ofAccount(asset), latest, ...sign(buyer, list) };
}

function withdraw(
  exitSlot: number,
  amount: Decimal,
  asset = TokenId.default,
): Vectors['withdraw'][number] {
  const list = fields.withdrawFields(
    NETWORK,
    ADDRESS,
    asset,
    UInt32.from(exitSlot),
    UInt64.from(amount),
  );
  return { ...ofAccount(asset), exit_slot: exitSlot, amount, ...sign(buyer, list) };
}

function listing(offer_hash: Decimal, url: string): Vectors['list'][number] {
  const listed = { network, board: base58(operator), offer: ACCOUNT, offer_hash, url };
  return { ...listed, ...sign(seller, readListing(listed)) };
}

function receipt(
  hash: Decimal,
  status: number,
  grade: number,
  finished_at: number,
): Vectors['receipt'][number] {
  const hashes = { call_hash: hash, offer_hash: '1', source_hash: hash, inputs_hash: '2' };
  const roots = { outputs_hash: hash, profile_hash: '3' };
  const data = { network, ...hashes, ...roots, status, grade, finished_at };
  return { data, ...sign(oracle, Receipt.read(data).fields()), hash: '' };
}

function tree(index: number, ...leaves: LeafJson[]): Vectors['tree'][number] {
  return { leaves, hashes: [], tree_root: '', receipts_root: '', index, path: [] };
}

function leaf(index: number, price: number, total: number): LeafJson {
  return {
    index: `${index}`,
    call_hash: `${100 + index}`,
    receipt_hash: `${200 + index}`,
    price_due: `${price}`,
    running_total: `${total}`,
  };
}

function sign(
  key: PrivateKey,
  list: Field[],
): { signer: string; fields: Decimal[]; signature: string } {
  return { signer: base58(key), fields: [], signature: Signature.create(key, list).toBase58() };
}

function base58(key: PrivateKey): string {
  return key.toPublicKey().toBase58();
}

/** Every pinned claim as long as it may be, but for the id. */
function facts(issuer: 'gitlab' | 'github', id: string): Vectors['facts'][number] {
  const longest = LAYOUTS[issuer].facts.map(({ name, room }) => [
    name,
    '~'.repeat(room - name.length - 5),
  ]);
  const ids = { gitlab: 'project_id', github: 'repository_id' } as const;
  return { issuer, facts: { ...Object.fromEntries(longest), [ids[issuer]]: id }, hash: '' };
}

/** No key of anybody: only the number's size counts here. */
function issuerKey(issuer: 'gitlab' | 'github', modulus: bigint): Vectors['issuer_key'][number] {
  const n = Buffer.from(modulus.toString(16), 'hex').toString('base64url');
  const named =
    issuer === 'github'
      ? { kid: 'cc413527-173f-5a05-976e-9c52b1d7b431', x5t: 'x'.repeat(27) }
      : { kid: '-'.repeat(43) };
  return { issuer, key: { kty: 'RSA', e: 'AQAB', n, ...named }, hash: '' };
}
