// A catalogue of offers, as `sealrun market build` writes it, and the search in it. All of it is strangers' text:
// an offer is believed when it is opened, under its own hash.
import { Malformed } from './errors.ts';
import { isObject } from './json.ts';
import { isPlain } from './plain_text.ts';
import * as read from './read.ts';
import type { PriceMember } from './prices.ts';
import type { Dropped } from './views.ts';

export interface History {
  runs: number;
  good: number;
  /** Median of a good run. */
  seconds: number | null;
  lowest: number | null;
  typical: number | null;
  since: number | null;
  until: number | null;
  /** There are earlier runs, which nobody counted. */
  more: boolean;
  /** Calls of which the oracle signed two receipts. */
  twice: number;
}

export interface Input {
  name: string;
  type: string;
  title: string;
  description: string;
}

export interface Entry {
  offer: string;
  /** The service that sells it. */
  service: string;
  title: string;
  provider: string;
  repository: string;
  seller: string;
  /** Proofs of CI tokens settle it, on no oracle's word. */
  proved: boolean;
  /** As they are written; `readPrices` checks those that are shown. */
  prices: PriceMember[];
  grade: number;
  inputs: Input[];
  /** Only keys that the offer names may call it. */
  named: boolean;
  /** Why the service took no calls when the catalogue was built; empty where it did. */
  reason: string;
  /** The prices that took no calls then. */
  dropped: Dropped[];
  history: History | null;
  /** What words are looked for in. */
  text: string;
}

export interface Catalogue {
  network: string;
  board: string;
  height: number;
  built: number;
  listed: number;
  read: number;
  failed: number;
  entries: Entry[];
  /** Entries that are not of their form. */
  unreadable: number;
}

export interface Wanted {
  words: string;
  /** A token's id; empty for any. */
  asset: string;
  provider: string;
  /** In the asset's smallest unit; only with an asset. */
  atMost: bigint | null;
  grade: number;
  input: string;
}

const VERSION = 1;
export const MAX_ENTRIES = 20_000;
const MAX_INPUTS = 25;
const MAX_PRICES = 16;
const MAX_COUNT = 10 ** 9;
const TITLE = /^[ -~]{1,80}$/;
const WORD = /^[ -~]{0,200}$/;
const KEY = /^B62[1-9A-HJ-NP-Za-km-z]{52}$/;
const ASSET = /^[1-9A-HJ-NP-Za-km-z]{40,60}$/;
const MAX_TEXT = 301;
// Without a user, a query or a fragment.
const URL_FORM =
  /^(?<service>(?:https:\/\/|http:\/\/127\.0\.0\.1:)[A-Za-z0-9.:[\]-]{1,200}(?:\/[A-Za-z0-9._~%/-]{0,300})?)\/offers\/(?<offer>[0-9a-f]{64})$/;

/** Throws Malformed where the document as a whole is none; of its entries, those that are not of their form are counted. */
export function readCatalogue(document: unknown): Catalogue {
  if (!isObject(document)) throw new Malformed('catalogue: expected an object, got something else');
  if (document['version'] !== VERSION)
    throw new Malformed(`catalogue: expected version ${VERSION}, got another`);
  const { entries, failed } = document;
  if (!Array.isArray(entries) || entries.length > MAX_ENTRIES)
    throw new Malformed(`entries: expected a list of at most ${MAX_ENTRIES}, got something else`);
  const found = new Map<string, Entry>();
  for (const value of entries) {
    const entry = entryOrNone(value);
    if (entry && !found.has(entry.offer)) found.set(entry.offer, entry);
  }
  const counts = isObject(failed) ? Object.keys(failed).map((name) => count(failed, name)) : [];
  return {
    network: read.text(document, 'network', WORD, 'a network'),
    board: read.text(document, 'board', KEY, 'an address'),
    height: count(document, 'height'),
    built: read.whole(document, 'built', 0, read.MAX_UNIX_SECONDS),
    listed: count(document, 'listed'),
    read: count(document, 'read'),
    failed: counts.reduce((sum, each) => sum + each, 0),
    entries: [...found.values()],
    unreadable: entries.length - found.size,
  };
}

export function search(catalogue: Catalogue, wanted: Wanted): Entry[] {
  const words = wanted.words.toLowerCase().split(/\s+/).filter(Boolean);
  return catalogue.entries.filter(
    (entry) =>
      words.every((word) => entry.text.includes(word)) &&
      (!wanted.provider || entry.provider === wanted.provider) &&
      entry.grade >= wanted.grade &&
      (!wanted.input || entry.inputs.some(({ name }) => name === wanted.input)) &&
      (!wanted.asset || entry.prices.some((price) => isPaid(price, wanted))),
  );
}

/** The assets that offers are paid in, by their ids; a symbol is nobody's own, so an id tells two apart. */
export function assetsOf(catalogue: Catalogue): PriceMember[] {
  const found = new Map<string, PriceMember>();
  for (const { prices } of catalogue.entries)
    for (const price of prices) if (!found.has(price.asset)) found.set(price.asset, price);
  return [...found.values()];
}

function isPaid(price: PriceMember, wanted: Wanted): boolean {
  if (price.asset !== wanted.asset) return false;
  return wanted.atMost === null || BigInt(price.amount) <= wanted.atMost;
}

function entryOrNone(value: unknown): Entry | null {
  try {
    return readEntry(value);
  } catch {
    return null;
  }
}

function readEntry(value: unknown): Entry {
  const it = isObject(value) ? value : {};
  const source = isObject(it['source']) ? it['source'] : {};
  const offer = read.text(it, 'offer', read.HASH, read.HASH_SAYS);
  const place = URL_FORM.exec(read.text(it, 'url', URL_FORM, 'an address of an offer'))?.groups;
  if (place?.['offer'] !== offer) throw new Malformed('url: expected that of the offer');
  const service = place['service'] ?? '';
  const { host } = new URL(service);
  const entry = {
    offer,
    service,
    title: read.text(it, 'title', TITLE, 'a title'),
    provider: read.text(it, 'provider', WORD, 'a provider'),
    repository: read.text(source, 'repository', WORD, 'a repository'),
    seller: read.text(it, 'seller', KEY, 'an address'),
    proved: read.truth(it, 'proved'),
    prices: list(it['prices'], MAX_PRICES).map(readPrice),
    grade: read.whole(it, 'grade', 0, 3),
    inputs: list(it['inputs'], MAX_INPUTS).map(readInput),
    named: read.oneOf(it, 'callers', ['anyone', 'named']) === 'named',
    reason: read.truth(it, 'open') ? '' : plain(it, 'reason'),
    dropped: list(it['dropped'], MAX_PRICES).map(readDropped),
    history: it['history'] == null ? null : readHistory(it['history']),
  };
  const said = entry.inputs.flatMap(({ name, title, description }) => [name, title, description]);
  const symbols = entry.prices.map(({ symbol }) => symbol);
  const all = [entry.title, entry.provider, entry.repository, host, ...symbols, ...said];
  return { ...entry, text: all.join('\n').toLowerCase() };
}

function readPrice(value: unknown): PriceMember {
  const it = isObject(value) ? value : {};
  read.decimal(it, 'amount', read.MAX_UINT64);
  read.text(it, 'asset', ASSET, 'a token');
  read.text(it, 'symbol', /^[A-Za-z0-9]{1,6}$/, 'a symbol');
  read.whole(it, 'decimals', 0, 18);
  if ('owner' in it) read.text(it, 'owner', KEY, 'an address');
  return it as unknown as PriceMember;
}

function readDropped(value: unknown): Dropped {
  const it = isObject(value) ? value : {};
  const [asset, symbol] = [plain(it, 'asset'), plain(it, 'symbol')];
  return { asset, symbol, reason: plain(it, 'reason') };
}

function readInput(value: unknown): Input {
  const it = isObject(value) ? value : {};
  const [name, type] = [plain(it, 'name'), plain(it, 'type')];
  return { name, type, title: plain(it, 'title'), description: plain(it, 'description') };
}

function plain(value: Record<string, unknown>, member: string): string {
  const text = value[member];
  if (typeof text !== 'string' || text.length > MAX_TEXT || !isPlain(text))
    throw new Malformed(`${member}: expected a short plain text, got something else`);
  return text;
}

function readHistory(value: unknown): History {
  const it = isObject(value) ? value : {};
  const history = {
    runs: count(it, 'runs'),
    good: count(it, 'good'),
    seconds: orNull(it, 'seconds', MAX_COUNT),
    lowest: orNull(it, 'lowest', 3),
    typical: orNull(it, 'typical', 3),
    since: orNull(it, 'since', MAX_DATE),
    until: orNull(it, 'until', MAX_DATE),
    more: read.truth(it, 'more'),
    twice: count(it, 'twice'),
  };
  if (history.good > history.runs) throw new Malformed('good: expected no more than all runs');
  return history;
}

/** The year 10000, in Unix seconds. */
const MAX_DATE = 253_402_300_799;

function orNull(value: Record<string, unknown>, name: string, high: number): number | null {
  return value[name] == null ? null : read.whole(value as never, name, 0, high);
}

function count(value: Record<string, unknown>, name: string): number {
  return read.whole(value as never, name, 0, MAX_COUNT);
}

function list(value: unknown, most: number): unknown[] {
  if (!Array.isArray(value) || value.length > most)
    throw new Malformed(`expected a list of at most ${most}, got something else`);
  return value;
}
