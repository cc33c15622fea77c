// The offers that a service lists, by its own word: whoever buys one reads the offer itself, under its hash.
import { isObject } from '../../../shared/src/json.ts';
import { readPrices, type Price } from '../../../shared/src/prices.ts';
import * as read from '../../../shared/src/read.ts';
import { ask } from './api.ts';

export interface Listed {
  /** The offer's hash, 64 hex digits. */
  offer: string;
  title: string;
  network: string;
  provider: string;
  /** A public key; null where the offer is free. */
  seller: string | null;
  prices: Price[];
  grade: number;
  open: boolean;
  reason: string | null;
}

export interface OffersPage {
  offers: Listed[];
  /** The `after` of the next page; null on the last. */
  next: string | null;
}

// A service lists twenty a page; one that keeps files instead lists all in one.
const MAX_OFFERS = 500;

/** One page. Throws Malformed where it is not of its form; members that this page does not know are left out. */
export async function listOffers(service: string, after: string | null): Promise<OffersPage> {
  const query = after === null ? '' : `?after=${after}`;
  const answer = await ask<unknown>(`${service}/offers${query}`);
  const value = isObject(answer) ? answer : {};
  const offers = value['offers'];
  if (!Array.isArray(offers) || offers.length > MAX_OFFERS)
    throw new Error(`${new URL(service).host} answered with something else than a list of offers.`);
  const next = value['next'];
  return {
    offers: offers.map(listed),
    next: typeof next === 'string' && read.HASH.test(next) && next !== after ? next : null,
  };
}

function listed(entry: unknown): Listed {
  const value = isObject(entry) ? entry : {};
  const { seller, reason } = value;
  return {
    offer: read.text(value, 'offer', read.HASH, read.HASH_SAYS),
    title: read.text(value, 'title', read.PRINTABLE, 'a title'),
    network: read.text(value, 'network', read.PRINTABLE, 'a network'),
    provider: read.text(value, 'provider', read.PRINTABLE, 'a provider'),
    seller: typeof seller === 'string' ? read.publicKey(value, 'seller') : null,
    prices: readPrices(value['prices']),
    grade: read.whole(value, 'grade', 0, 3),
    open: read.truth(value, 'open'),
    reason: typeof reason === 'string' ? reason.slice(0, 400) : null,
  };
}
