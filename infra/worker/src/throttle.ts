// Rates of one isolate: they refuse a flood before it costs a signature check.
import { utf8, hex } from '../../../web/shared/src/bytes.ts';
import { TooMany } from '../../../web/shared/src/errors.ts';

export const REQUESTS_PER_MINUTE = 60;
// More addresses than this in one minute are forgotten; the desk's own counters still hold.
const MAX_SOURCES = 10_000;

let minute = 0;
const counts = new Map<string, number>();

/** Counts one request of an address's network in the minute that runs. Throws TooMany where it is one too many. */
export async function countRequest(address: string, now: number): Promise<void> {
  const source = await hashedNetwork(address);
  const current = Math.floor(now / 60);
  if (current !== minute || counts.size >= MAX_SOURCES) {
    minute = current;
    counts.clear();
  }
  const count = (counts.get(source) ?? 0) + 1;
  counts.set(source, count);
  if (count > REQUESTS_PER_MINUTE)
    throw new TooMany(`calls: expected at most ${REQUESTS_PER_MINUTE} a minute, got more`, 60);
}

/** An address as a hash: it is nobody's business here. Of IPv6 it is the network that its holder has, a /64. */
export async function hashedNetwork(address: string): Promise<string> {
  const network = address.includes(':') ? expanded(address).slice(0, 4).join(':') : address;
  const digest = await crypto.subtle.digest('SHA-256', utf8(network));
  return hex(new Uint8Array(digest)).slice(0, 32);
}

/** The eight groups of an IPv6 address. */
function expanded(address: string): string[] {
  const [head = '', tail] = address.toLowerCase().split('::');
  const groups = (text: string): string[] => (text === '' ? [] : text.split(':'));
  const [first, last] = [groups(head), groups(tail ?? '')];
  const zeros = Array(Math.max(0, 8 - first.length - last.length)).fill('0');
  const all = tail === undefined ? first : [...first, ...zeros, ...last];
  return all.map((group) => group.replace(/^0+(?=.)/, ''));
}
