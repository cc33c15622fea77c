/** Reading a tool's request: every value is checked here, and no message repeats a secret. */
import { Field, PrivateKey, PublicKey, Signature, TokenId, UInt32, UInt64 } from 'o1js';
import { MAX_EXIT_DELAY, Terms, textField } from '../fields.js';
import { SHARE_UNIT } from '../deposit_account.js';
import { ToolError } from './errors.js';

/** Order of the base field, Pallas' p: values from there on would be reduced silently. */
const P = 0x40000000000000000000000000000000224698fc094cf91b992d30ed00000001n;
const MAX_UINT32 = 2 ** 32 - 1;
const MAX_SHARE = Number(SHARE_UNIT);
const NETWORKS = ['mina:devnet', 'mina:mainnet'];

export class Request {
  constructor(
    private readonly values: Record<string, unknown>,
    private readonly where = '',
  ) {}

  static parse(text: string): Request {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      throw new ToolError('bad-request', 'the request is not JSON');
    }
    return new Request(record(value, 'the request'));
  }

  has(name: string): boolean {
    return this.values[name] !== undefined && this.values[name] !== null;
  }

  part(name: string): Request {
    return new Request(record(this.values[name], this.where + name), `${this.where}${name}.`);
  }

  text(name: string, fallback?: string): string {
    const value = this.values[name] ?? fallback;
    if (typeof value !== 'string') this.refuse(name, 'text');
    return value;
  }

  flag(name: string, fallback: boolean): boolean {
    const value = this.values[name] ?? fallback;
    if (typeof value !== 'boolean') this.refuse(name, 'true or false');
    return value;
  }

  whole(name: string, low: number, high: number, fallback?: number): number {
    const value = this.values[name] ?? fallback;
    if (typeof value !== 'number' || !Number.isInteger(value) || value < low || value > high) {
      this.refuse(name, `a whole number from ${low} to ${high}`);
    }
    return value;
  }

  list(name: string, most: number): unknown[] {
    const value = this.values[name];
    if (!Array.isArray(value) || value.length > most)
      this.refuse(name, `a list of at most ${most}`);
    return value;
  }

  parts(name: string, most: number): Request[] {
    const where = `${this.where}${name}`;
    return this.list(name, most).map(
      (value, i) => new Request(record(value, `${where}.${i}`), `${where}.${i}.`),
    );
  }

  /** A list of decimal texts. */
  fields(name: string, most: number): Field[] {
    const values = Object.entries(this.list(name, most));
    const list = new Request(Object.fromEntries(values), `${this.where}${name}.`);
    return values.map(([i]) => list.field(i));
  }

  /** 64 hex digits. */
  hash(name: string): string {
    return this.digits(name, 64);
  }

  /** So many hex digits. */
  digits(name: string, count: number): string {
    const text = this.text(name);
    if (text.length !== count || !/^[0-9a-f]+$/.test(text))
      this.refuse(name, `${count} hex digits`);
    return text;
  }

  network(name: string): Field {
    const network = this.text(name);
    if (!NETWORKS.includes(network)) this.refuse(name, NETWORKS.join(' or '));
    return textField(network);
  }

  /** A value that follows from the rest of the request. */
  same(name: string, expected: Field, got: Field): void {
    if (!got.equals(expected).toBoolean()) this.refuse(name, `${expected}, got ${got}`);
  }

  /** Decimal text below `end`. */
  decimal(name: string, end: bigint, fallback?: bigint): bigint {
    const text = this.text(name, fallback?.toString());
    if (!/^(0|[1-9]\d{0,77})$/.test(text) || BigInt(text) >= end)
      this.refuse(name, `decimal text below ${end}`);
    return BigInt(text);
  }

  field(name: string): Field {
    return Field(this.decimal(name, P));
  }

  /** Whole numbers of an asset's smallest unit. */
  amount(name: string, fallback?: bigint): UInt64 {
    return UInt64.from(this.decimal(name, 2n ** 64n, fallback));
  }

  address(name: string): PublicKey {
    const text = this.text(name);
    const address = attempt(() => PublicKey.fromBase58(text));
    // x = 0 is no point of the curve: the empty key parses, and payments to it vanish.
    if (address === undefined || address.isEmpty().toBoolean()) this.refuse(name, 'a public key');
    return address;
  }

  /** Different public keys, at least one. */
  addresses(name: string, most: number): PublicKey[] {
    const values = [...new Set(this.list(name, most))];
    if (values.length === 0) this.refuse(name, 'at least one public key');
    return values.map((value) => new Request({ [name]: value }, this.where).address(name));
  }

  /** A token id in base58. */
  token(name: string): Field {
    const text = this.text(name);
    const token = attempt(() => TokenId.fromBase58(text));
    if (token === undefined) this.refuse(name, 'a token id');
    return token;
  }

  /** What an account is kept in, which its buyer can leave whatever its terms say. */
  asset(ofTerms: Field): Field {
    return this.has('asset') ? this.token('asset') : ofTerms;
  }

  key(name: string): PrivateKey {
    const text = this.text(name);
    const key = attempt(() => PrivateKey.fromBase58(text));
    if (key === undefined) this.refuse(name, 'a private key');
    return key;
  }

  signature(name: string): Signature {
    const text = this.text(name);
    const signature = attempt(() => Signature.fromBase58(text));
    if (signature === undefined) this.refuse(name, 'a signature');
    return signature;
  }

  url(name: string, fallback?: string): string {
    const text = this.text(name, fallback);
    const url = attempt(() => new URL(text));
    if (url === undefined || !['http:', 'https:'].includes(url.protocol))
      this.refuse(name, 'an http or https address');
    return text;
  }

  /** Terms that an account may be opened for and settled under. */
  terms(): Terms {
    return this.termsWithin(MAX_SHARE, MAX_EXIT_DELAY);
  }

  /** The terms of an account that is there, whatever they are: its buyer can leave it all the same. */
  termsToLeave(): Terms {
    return this.termsWithin(MAX_UINT32, MAX_UINT32);
  }

  private termsWithin(share: number, delay: number): Terms {
    const part = this.part('terms');
    return new Terms({
      network: part.network('network'),
      asset: part.token('asset'),
      ledger: part.field('ledger'),
      seller: part.address('seller'),
      operator: part.address('operator'),
      operatorShare: UInt32.from(part.whole('operator_share', 0, share)),
      ...word(part),
      exitDelay: UInt32.from(part.whole('exit_delay', 1, delay)),
    });
  }

  refuse(name: string, expected: string): never {
    throw new ToolError('bad-request', `${this.where}${name}: expected ${expected}`);
  }
}

/** Whose word settles: an oracle's, or that of an issuer, whose tokens are proved. */
function word(terms: Request): Pick<Terms, 'oracle' | 'keys'> {
  if (!terms.has('keys')) return { oracle: terms.address('oracle'), keys: Field(0) };
  const keys = terms.field('keys');
  if (terms.has('oracle') || keys.equals(0).toBoolean())
    terms.refuse('keys', 'the root of the issuer, not 0, and no oracle beside it');
  return { oracle: PublicKey.empty<typeof PublicKey>(), keys };
}

function record(value: unknown, name: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ToolError('bad-request', `${name}: expected a JSON object`);
  }
  return value as Record<string, unknown>;
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
