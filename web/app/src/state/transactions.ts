// Transactions that were signed here and that no block has decided about, kept from before they are sent: after a reload
// the same bytes can be sent again, which pays nothing twice.
import { isObject } from '../../../shared/src/json.ts';
import { isPublicKey } from '../../../shared/src/mina.ts';
import type { Terms } from '../service/offer.ts';
import { termsOf } from './accounts.ts';
import { store, stored, useStored } from './storage.ts';

export interface Kept {
  kind: 'open' | 'topup';
  account: string;
  service: string;
  /** The hash of the account's terms, 64 hex digits, and the terms. */
  terms: string;
  document: Terms;
  /** Nanomina, as decimal text. */
  amount: string;
  /** The account's before a top-up, nanomina as decimal text: all that its calls may cost. */
  funds?: string;
  node: string;
  /** The whole signed command as JSON; it holds no key. */
  command: string;
  payer: string;
  nonce: number;
  /** As the node said it; empty before it answered. */
  hash: string;
  /** Unix seconds. */
  at: number;
}

const NAME = 'transactions';
const MOST = 20;
const TEXTS = ['account', 'service', 'terms', 'amount', 'node', 'command', 'payer', 'hash'];

export function useTransactions(): Kept[] {
  return parsed(useStored(NAME));
}

export function transactions(): Kept[] {
  return parsed(stored(NAME));
}

/** Keep it; the same command again takes the earlier one's place. */
export function keepTransaction(kept: Kept): void {
  store(NAME, [kept, ...without(kept)].slice(0, MOST));
}

export function forgetTransaction(kept: Kept): void {
  store(NAME, without(kept));
}

function without({ command }: Kept): Kept[] {
  return transactions().filter((one) => one.command !== command);
}

function parsed(value: unknown): Kept[] {
  return Array.isArray(value) ? value.flatMap(one) : [];
}

function one(value: unknown): Kept[] {
  if (!isObject(value) || !TEXTS.every((name) => typeof value[name] === 'string')) return [];
  const { kind, account, payer, amount, funds, terms, document, nonce, at } = value;
  const good =
    (kind === 'open' || kind === 'topup') &&
    isPublicKey(String(account)) &&
    isPublicKey(String(payer)) &&
    [amount, funds ?? '0'].every((text) => /^\d{1,20}$/.test(String(text))) &&
    Number.isSafeInteger(nonce) &&
    Number.isSafeInteger(at) &&
    termsOf(document, String(terms)) !== null;
  return good ? [value as unknown as Kept] : [];
}
