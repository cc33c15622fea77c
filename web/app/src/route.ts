// Where the address points. It only chooses what is shown: an address starts, signs and sends nothing.
import { useSyncExternalStore } from 'react';

export type Route =
  | { page: 'home' | 'activity' }
  /** One account, or all that this browser knows. */
  | { page: 'account'; address: string }
  /** Open an account for an offer's terms. */
  | { page: 'open'; service: string; offer: string }
  | { page: 'offer'; service: string; offer: string; given: Record<string, string> }
  /** All that a service sells. */
  | { page: 'service'; service: string }
  | { page: 'call'; service: string; call: string }
  | { page: 'ticket'; fragment: string }
  /** The catalogue beside the page, searched as `given` says. */
  | { page: 'catalogue'; given: Record<string, string> }
  | { page: 'unknown'; why: string };

const MAX_ADDRESS = 20_000;
const ACCOUNT = /^account(?:\/(B62[1-9A-HJ-NP-Za-km-z]{52}))?$/;
const CATALOGUE = /^catalogue(?:\?|$)/;
const ABSOLUTE = /^https?:\/\//;
// What stands below a service is no service of its own.
const WITHIN = /\/(?:offers|calls|tickets)\/./;
const HOME = 'meta[name="sealrun:service"]';
const CATALOGUE_AT = 'meta[name="sealrun:catalogue"]';
const PLACE = /^(?<service>.*)\/(?<kind>offers|calls)\/(?<hash>[0-9a-f]{64})$/;

/** `#/https://service/offers/HASH?input=value`, or `#/offers/HASH` of the service that this page comes from. */
export function parseRoute(fragment: string, page: string): Route {
  if (fragment.length > MAX_ADDRESS) return unknown('it is too long');
  const text = fragment.replace(/^#/, '');
  if (/^[A-Za-z0-9_-]+\.[A-Za-z0-9]+\.[A-Za-z0-9]+(?:\.[A-Za-z0-9_-]+)?$/.test(text))
    return { page: 'ticket', fragment: text };
  const path = text.replace(/^\/+/, '');
  if (path === '') return { page: 'home' };
  if (path === 'activity') return { page: path };
  if (CATALOGUE.test(path))
    return { page: 'catalogue', given: Object.fromEntries(new URLSearchParams(path.slice(10))) };
  const account = ACCOUNT.exec(path);
  if (account) return { page: 'account', address: account[1] ?? '' };
  if (!path.startsWith('open/')) return parsePlace(path, page);
  const place = parsePlace(path.slice('open/'.length), page);
  if (place.page !== 'offer') return unknown('it names no offer to open an account for');
  return { page: 'open', service: place.service, offer: place.offer };
}

/** The fragment that shows an offer or a call of a service. */
export function placeOf(service: string, kind: 'offers' | 'calls', hash: string): string {
  return `#/${service}/${kind}/${hash}`;
}

/** The fragment that opens an account for an offer's terms. */
export function openingOf(service: string, offer: string): string {
  return `#/open/${service}/offers/${offer}`;
}

function parsePlace(path: string, page: string): Route {
  let url: URL;
  try {
    url = new URL(path, new URL('.', page));
  } catch {
    return unknown('it is no address');
  }
  const at = url.origin + url.pathname;
  if (url.username || url.password || !isService(at))
    return unknown('a service has an https address');
  const place = PLACE.exec(at)?.groups;
  if (!place && ABSOLUTE.test(path) && !url.search && !WITHIN.test(at))
    return { page: 'service', service: at.replace(/(?:\/offers)?\/?$/, '') };
  if (!place) return unknown('it names no offer, no run and no service');
  const { service = '', kind, hash = '' } = place;
  if (kind === 'calls') return { page: 'call', service, call: hash };
  return { page: 'offer', service, offer: hash, given: Object.fromEntries(url.searchParams) };
}

/** The fragment that shows what a service sells. */
export function serviceOf(service: string): string {
  return `#/${service}`;
}

/** What the page's host sells by itself: a service it names in its document, or the one that it may be. */
export function homeService(): string | null {
  const named = document.querySelector<HTMLMetaElement>(HOME)?.content;
  const url = (named ?? new URL('.', location.href).href).replace(/\/$/, '');
  return isService(url) ? url : null;
}

/** Where the host's catalogue lies, if its document names one. */
export function catalogueAddress(): string | null {
  const named = document.querySelector<HTMLMetaElement>(CATALOGUE_AT)?.content;
  return named ? new URL(named, new URL('.', location.href)).href : null;
}

/** Loopback is for trying the page on one machine. */
function isService(url: string): boolean {
  return /^https:\/\/|^http:\/\/127\.0\.0\.1:\d+/.test(url);
}

function unknown(why: string): Route {
  return { page: 'unknown', why };
}

export function useRoute(): Route {
  const fragment = useSyncExternalStore(
    (changed) => {
      addEventListener('hashchange', changed);
      return () => removeEventListener('hashchange', changed);
    },
    () => location.hash,
  );
  return parseRoute(fragment, location.href);
}
