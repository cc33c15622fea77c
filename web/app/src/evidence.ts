// A call's evidence out of the service: its documents, and its files as far as they are small enough to check here.
import { utf8, type Bytes } from '../../shared/src/bytes.ts';
import { checkInputs, type Inputs } from '../../shared/src/inputs.ts';
import { isObject, type JsonObject } from '../../shared/src/json.ts';
import { callRight } from '../../shared/src/rights.ts';
import { termsHash } from '../../shared/src/verification/documents.ts';
import { verify, type Verification } from '../../shared/src/verification/verify.ts';
import { moment, short } from './format.ts';
import { fits } from './inputs.ts';
import { ask, fetched, type EvidenceView } from './service/api.ts';
import type { Offer, Priced } from './service/offer.ts';
import { signChecked, type Show } from './wallet/sign.ts';
import type { Wallet } from './wallet/wallet.ts';

// All files that are fetched unasked: more than an ordinary run leaves, and no burden on a phone.
const MAX_FETCHED = 64 << 20;
const MAX_RECEIPT = 1 << 16;
const RIGHT_SECONDS = 600;
const AT_ONCE = 4;
// Of 300 files each: more than any run may leave.
const MAX_PAGES = 40;
// Both trees full, and the documents that are too large for an answer.
const MAX_FILES = 2 * 4096 + 10;

export interface Evidence {
  receipt: Bytes;
  folder: Map<string, Bytes>;
  /** Files that were left out for their size, with where they are to be had. */
  left: Map<string, Left>;
  verification: Verification;
  /** True once the buyer's private items are in it. */
  complete: boolean;
}

export interface Left {
  url: string;
  /** As the service says. */
  size: number;
}

export interface Wanted {
  service: string;
  call: string;
  offer: Offer;
  /** What this browser asked for, where it bought the run. */
  inputs: Inputs | undefined;
}

export type Right = Record<string, string>;

export async function getEvidence(wanted: Wanted, right: Right = {}): Promise<Evidence> {
  const { service, call, offer, inputs } = wanted;
  const at = `${service}/calls/${call}`;
  const [receipt, view] = await Promise.all([
    fetched(`${at}/receipt`, MAX_RECEIPT),
    allPages(`${at}/evidence`, right),
  ]);
  const folder = new Map<string, Bytes>();
  for (const [name, text] of Object.entries(view.documents)) folder.set(name, utf8(text));
  if (view.index !== null) folder.set('index.json', utf8(view.index));
  if (view.openings !== null) folder.set('openings.json', utf8(view.openings));
  // Without them nothing would tie the receipt to this call and this offer.
  for (const name of ['offer.json', 'call.json'])
    if (!folder.has(name))
      throw new Error(`The service leaves out ${name}, without which nothing is shown.`);
  const left = await addFiles(folder, view.files);
  const expected = {
    offer: offer.hash,
    oracle: offer.oracle,
    call,
    ...(inputs && { inputs: inputs as JsonObject }),
    checkInputs: (value: JsonObject) => void checkInputs(offer.inputs, value, fits),
  };
  const verification = await verify(receipt, folder, expected, sizes(left));
  return { receipt, folder, left, verification, complete: folder.has('openings.json') };
}

function sizes(left: ReadonlyMap<string, Left>): Map<string, number> {
  return new Map([...left].map(([name, { size }]) => [name, size]));
}

/** All pages as one; documents stand on the first. */
export async function allPages(url: string, right: Right): Promise<EvidenceView> {
  const first = await ask<EvidenceView>(url, { headers: right });
  const files = [...first.files];
  let { next } = first;
  let before = 0;
  for (let page = 1; next && page < MAX_PAGES; page += 1) {
    // Pages that do not go on would be followed for ever.
    const goesOn = Number.isSafeInteger(next) && next > before && next <= MAX_FILES;
    if (!goesOn || files.length > MAX_FILES) break;
    before = next;
    const more: EvidenceView = await ask(`${url}?after=${next}`, { headers: right });
    files.push(...more.files);
    next = more.next;
  }
  if (next || files.length > MAX_FILES)
    throw new Error(
      `expected at most ${MAX_FILES} files, in pages that end; the service gives others`,
    );
  return { ...first, files };
}

/** Smallest first; a file that cannot be had is left out, which its claim then says. */
export async function addFiles(
  folder: Map<string, Bytes>,
  files: EvidenceView['files'],
): Promise<Map<string, Left>> {
  const left = new Map<string, Left>();
  const waiting = [...files].sort((a, b) => a.size - b.size);
  let room = MAX_FETCHED;
  const work = async () => {
    for (let file = waiting.shift(); file; file = waiting.shift()) {
      // The service says the size: without this a size that is no number would let everything through.
      if (!Number.isSafeInteger(file.size) || file.size < 0 || file.size > room)
        left.set(file.name, { url: file.url, size: file.size });
      else {
        room -= file.size;
        // One byte more is let through, so that a longer file is told from a right one.
        const bytes = await fetched(file.url, file.size + 1).catch(() => undefined);
        if (bytes) folder.set(file.name, bytes);
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return left;
}

/** The headers with which the buyer reads the private items of this call, for some minutes. */
export async function signRight(
  wanted: Wanted,
  wallet: Wallet,
  account: string,
  show: Show,
): Promise<Right> {
  const { service, offer } = wanted;
  const expires = Math.floor(Date.now() / 1000) + RIGHT_SECONDS;
  const call = BigInt(`0x${wanted.call}`);
  const fields = await callRight(service, offer.network, account, call, expires);
  const meanings = [
    'tag “sealrun:read”: no payment',
    `network ${offer.network}`,
    `account ${short(account, 4)}, x`,
    'account, is odd',
    'this run',
    `until ${moment(expires)}`,
    `at ${new URL(service).host} only`,
  ];
  const signature = await signChecked(wallet, fields, meanings, show);
  return { 'Sealrun-Expires-At': String(expires), 'Sealrun-Signature': signature };
}

/** The account that the call document names. */
export function accountOf(folder: ReadonlyMap<string, Bytes>): string {
  const { account } = callOf(folder);
  return typeof account === 'string' ? account : '';
}

/** The price that the call was made for, by the terms that its document names; undefined for none of the offer's. */
export function priceOf(folder: ReadonlyMap<string, Bytes>, { prices }: Offer): Priced | undefined {
  const { terms_hash: named } = callOf(folder);
  return prices.find(({ terms }) => String(termsHash(terms)) === named);
}

function callOf(folder: ReadonlyMap<string, Bytes>): JsonObject {
  const bytes = folder.get('call.json');
  const call: unknown = bytes ? JSON.parse(new TextDecoder().decode(bytes)) : {};
  return isObject(call) ? call : {};
}
