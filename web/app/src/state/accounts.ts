// Prepaid accounts that this browser pays from, and the highest limit that it signed for each.
import { isObject } from '../../../shared/src/json.ts';
import { fieldHex } from '../../../shared/src/fields.ts';
import { isPublicKey } from '../../../shared/src/mina.ts';
import type { Known } from '../../../shared/src/payment.ts';
import { termsHash } from '../../../shared/src/verification/documents.ts';
import { message, MINA_UNIT, unitOf, type Unit } from '../format.ts';
import type { Priced, Terms } from '../service/offer.ts';
import { forget, store, stored, useStored } from './storage.ts';

export interface Account {
  address: string;
  /** The hash of its terms, 64 hex digits. */
  terms: string;
  /** The terms themselves; null where this browser has only seen their hash. */
  document: Terms | null;
  seller: string;
  /** Of the service that it was last used at. */
  service: string;
  /** Symbol and decimals of its asset, as the offer named them that it was taken for. */
  unit: Unit;
  known: Known;
}

const NAME = 'accounts';
const DIGITS = /^\d{1,20}$/;
const MOST = 50;
const MOST_REFUSED = 100;

export function useAccounts(): Account[] {
  return parsed(useStored(NAME));
}

export function accounts(): Account[] {
  return parsed(stored(NAME));
}

export function accountAt(address: string): Account | undefined {
  return accounts().find((one) => one.address === address);
}

/** Keep it; a signed limit never falls, and no call that was refused is forgotten, whatever another tab wrote meanwhile. */
export function keep(account: Account): void {
  const before = accountAt(account.address)?.known;
  const { known } = account;
  const highest = before && before.highest > known.highest ? before.highest : known.highest;
  const refused = [...new Set([...(before?.refused ?? []), ...known.refused])];
  const others = accounts().filter(({ address }) => address !== account.address);
  const value = [{ ...account, known: { ...known, highest, refused } }, ...others].slice(0, MOST);
  store(NAME, value.map(written));
}

export function drop(address: string): void {
  const others = accounts().filter((one) => one.address !== address);
  if (others.length > 0) store(NAME, others.map(written));
  else forget(NAME);
}

function written({ known, ...account }: Account): object {
  const { committed, highest, refused } = known;
  return {
    ...account,
    committed: String(committed),
    highest: String(highest),
    refused: refused.slice(-MOST_REFUSED),
  };
}

function parsed(value: unknown): Account[] {
  return Array.isArray(value) ? value.flatMap(one) : [];
}

function one(value: unknown): Account[] {
  if (!isObject(value)) return [];
  const { address, terms, document, seller, service, unit, committed, highest, refused } = value;
  const texts = [address, terms, seller, service, committed, highest].map(String);
  const good =
    isPublicKey(texts[0] ?? '') && DIGITS.test(texts[4] ?? '') && DIGITS.test(texts[5] ?? '');
  if (!good) return [];
  const known: Known = {
    committed: BigInt(texts[4] ?? 0),
    highest: BigInt(texts[5] ?? 0),
    refused: Array.isArray(refused) ? refused.map(String) : [],
  };
  return [
    {
      address: texts[0] ?? '',
      terms: texts[1] ?? '',
      document: termsOf(document, texts[1] ?? ''),
      seller: texts[2] ?? '',
      service: texts[3] ?? '',
      // Before accounts in tokens, all were in MINA and named no asset.
      unit: unitOf(unit) ?? MINA_UNIT,
      known,
    },
  ];
}

/** Throws where the account is kept for other terms than those of the price: an account has one asset. */
export function requirePays({ terms, unit }: Account, price: Priced): void {
  if (unit.symbol !== price.symbol || unit.decimals !== price.decimals)
    throw new Error(
      `Expected an account in ${price.symbol} of ${price.decimals} decimals, got one in ${unit.symbol} of ${unit.decimals}.`,
    );
  if (terms !== fieldHex(termsHash(price.terms)))
    throw new Error(
      `Expected an account of the offer’s terms in ${price.symbol}, got one in ${unit.symbol} of other terms.`,
    );
}

/** Throws where the address is kept for other terms: an account that was opened for them is left with them alone. */
export function requireNameable(address: string, price: Priced): void {
  const before = accountAt(address);
  try {
    if (before) requirePays(before, price);
  } catch (error) {
    throw new Error(
      `${message(error)} Forget it under Accounts if it was named for a wrong price.`,
    );
  }
}

/** The terms, if they are the ones of this hash. */
export function termsOf(document: unknown, hash: string): Terms | null {
  try {
    return fieldHex(termsHash(document)) === hash ? (document as Terms) : null;
  } catch {
    return null;
  }
}
