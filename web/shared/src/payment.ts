// Paying for calls of a prepaid account over x402 `batch-settlement`: which limit is signed, and never a higher one.
// The same rules as sealrun.money.buyer_mechanism. Amounts are in the asset's smallest unit.
import { base64url, utf8 } from './bytes.ts';
import { fieldHex } from './fields.ts';
import { canonical, isObject, type Json, type JsonObject } from './json.ts';
import { holds, P } from './mina.ts';
import * as read from './read.ts';
import { termsHash } from './verification/documents.ts';

export const SCHEME = 'batch-settlement';
const VERSION = 2;
/** What a buyer's client knows of an account, kept from call to call; both are 0 on a cold start. */
export interface Known {
  /** Due and pending, as far as known. */
  committed: bigint;
  /** The highest limit that was ever signed for the account. */
  highest: bigint;
  /** Calls that were refused, as decimal text: no correction may count one of them. */
  refused: string[];
}

/** What a 402 or an offer's view must repeat of the offer that was read. */
export interface Priced {
  hash: string;
  network: string;
  /** In the asset of the account's own terms, which is the only one that is ever signed for. */
  price: bigint;
  asset: string;
  decimals: number;
  symbol: string;
  terms: JsonObject;
}

/** The limit for one more call. Throws where it would exceed the highest signed one by more than the price. */
export function nextLimit(known: Known, price: bigint): bigint {
  const [limit, most] = [known.committed + price, known.highest + price];
  if (limit > most)
    throw new Error(`limit: expected at most ${most} smallest units to sign, got ${limit}`);
  return limit;
}

/** The entry of `accepts` in our scheme and the account's asset. Throws unless every figure is the offer's own. */
export function checkedRequirements(accepts: unknown, offer: Priced): JsonObject {
  const entries = Array.isArray(accepts) ? accepts.filter(isObject) : [];
  const got = entries.find(({ scheme, asset }) => scheme === SCHEME && asset === offer.asset);
  if (!got)
    throw new Error(
      `payment: expected ${SCHEME} in ${offer.symbol} among what is accepted, got others`,
    );
  const extra = isObject(got['extra']) ? got['extra'] : {};
  const pairs: [string, Json | undefined, Json | undefined][] = [
    ['network', offer.network, got['network']],
    ['amount', String(offer.price), got['amount']],
    ['payTo', offer.terms['seller'], got['payTo']],
    ['extra.decimals', offer.decimals, extra['decimals']],
    ['extra.symbol', offer.symbol, extra['symbol']],
    ['extra.offer', offer.hash, extra['offer']],
    ['extra.termsHash', fieldHex(termsHash(offer.terms)), extra['termsHash']],
  ];
  for (const [name, expected, actual] of pairs)
    if (expected !== actual)
      throw new Error(`${name}: expected ${String(expected)}, got ${String(actual).slice(0, 80)}`);
  if (canonical(extra['terms'] ?? null) !== canonical(offer.terms))
    throw new Error("extra.terms: expected the offer's, got others");
  const { correction: _, ...rest } = extra;
  return { ...got, extra: rest };
}

/** The value of PAYMENT-SIGNATURE. */
export function paymentHeader(accepted: JsonObject, payload: JsonObject): string {
  const value = { x402Version: VERSION, accepted, payload };
  return base64url(utf8(JSON.stringify(value)));
}

/** The JSON object in a PAYMENT-REQUIRED header; undefined where there is none. */
export function requiredOf(header: string | null): JsonObject | undefined {
  if (!header) return undefined;
  try {
    const bytes = Uint8Array.from(atob(header), (character) => character.charCodeAt(0));
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The figures by which a service corrects a stale client in this asset, if the 402 has some. */
export function correctionOf(required: JsonObject | undefined, asset: string): unknown {
  const accepts = required?.['accepts'];
  const entry = (Array.isArray(accepts) ? accepts : [])
    .filter(isObject)
    .find((one) => one['scheme'] === SCHEME && one['asset'] === asset);
  const extra = isObject(entry?.['extra']) ? entry['extra'] : {};
  return extra['correction'];
}

/**
 * Adopt a service's figures, if the buyer's own signature covers them. `voucher` makes the fields of a voucher out
 * of a limit and a call's hash; `refused` is the call that the same answer refuses, which it must not count.
 */
export function corrected(
  known: Known,
  correction: unknown,
  {
    buyer,
    refused,
    voucher,
  }: {
    buyer: string;
    refused: bigint;
    voucher: (limit: bigint, call: bigint) => bigint[];
  },
): Known {
  const members = read.only(correction, ['due', 'pending', 'voucher'], 'correction');
  const committed =
    read.decimal(members, 'due', read.MAX_UINT64) +
    read.decimal(members, 'pending', read.MAX_UINT64);
  const signed = read.only(members['voucher'], ['limit', 'callHash', 'signature'], 'voucher');
  const limit = read.decimal(signed, 'limit', read.MAX_UINT64);
  const call = read.decimal(signed, 'callHash', P - 1n);
  if (!holds(voucher(limit, call), read.signature(signed, 'signature'), buyer))
    throw new Error("correction: expected the buyer's own signature over the limit, got another");
  if (call === refused || known.refused.includes(String(call)))
    throw new Error(
      "correction: expected an earlier call's voucher, got that of one that was refused. " +
        'The service counts what it did not take.',
    );
  if (committed > limit)
    throw new Error(`correction: expected at most the signed limit ${limit}, got ${committed}`);
  const highest = limit > known.highest ? limit : known.highest;
  return { ...known, committed, highest };
}
