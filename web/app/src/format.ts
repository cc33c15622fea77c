// Amounts, times and names as people read them.
import { isObject } from '../../shared/src/json.ts';
import { MINA } from '../../shared/src/mina.ts';

const MINA_DECIMALS = 9;

/** What amounts are of: an asset as its offer names it. */
export interface Unit {
  decimals: number;
  symbol: string;
}

export const MINA_UNIT: Unit = { decimals: MINA_DECIMALS, symbol: 'MINA' };

/** Out of this browser's storage or an answer; undefined for what names no asset. */
export function unitOf(value: unknown): Unit | undefined {
  const { decimals, symbol } = isObject(value) ? value : {};
  const whole = typeof decimals === 'number' && Number.isInteger(decimals);
  const good = typeof symbol === 'string' && /^[A-Za-z0-9]{1,6}$/.test(symbol);
  return good && whole && decimals >= 0 && decimals <= 18 ? { decimals, symbol } : undefined;
}

/** Nanomina as `0.5 MINA`; what fees are in. */
export function mina(units: bigint | string): string {
  return written(units, MINA_UNIT);
}

/** Smallest units of any asset, with its symbol. */
export function written(units: bigint | string, { decimals, symbol }: Unit): string {
  return `${amount(units, decimals)} ${symbol}`;
}

/** A symbol is the seller's word for a token: its id stands beside it. MINA is MINA. */
export function assetWords(asset: string, { symbol }: Unit): string {
  return asset === MINA
    ? symbol
    : `${symbol}, as the seller calls it, the token ${short(asset, 5)}`;
}

/** An amount of any asset, in its smallest unit, with its symbol. */
export function priced(price: Unit & { amount: bigint }): string {
  return written(price.amount, price);
}

/** The same without the symbol. */
export function amount(units: bigint | string, decimals = MINA_DECIMALS): string {
  const digits = String(BigInt(units)).padStart(decimals + 1, '0');
  const point = digits.length - decimals;
  const rest = digits.slice(point).replace(/0+$/, '');
  return digits.slice(0, point) + (rest && `.${rest}`);
}

/** Nanomina out of what somebody typed; undefined for no amount above 0. */
export function parseAmount(text: string): bigint | undefined {
  return parseUnits(text, MINA_DECIMALS);
}

/** The same in the smallest unit of an asset of so many decimals. */
export function parseUnits(text: string, decimals: number): bigint | undefined {
  const [, whole, rest = ''] = /^(\d{1,10})(?:\.(\d{1,18}))?$/.exec(text.trim()) ?? [];
  if (whole === undefined || rest.length > decimals) return undefined;
  const value = BigInt(whole + rest.padEnd(decimals, '0'));
  return value > 0n ? value : undefined;
}

/** Unix seconds, in the reader's own time zone. */
export function moment(seconds: number): string {
  return new Date(seconds * 1000).toLocaleString(undefined, {
    dateStyle: 'medium',
    timeStyle: 'short',
  });
}

export function duration(seconds: number): string {
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 120) return `${minutes} minutes`;
  const hours = minutes / 60;
  return hours < 48 ? `${Number(hours.toFixed(1))} hours` : `${Math.round(hours / 24)} days`;
}

export function bytes(count: number): string {
  const units = ['B', 'KB', 'MB', 'GB'];
  let [value, at] = [count, 0];
  while (value >= 1024 && at < units.length - 1) [value, at] = [value / 1024, at + 1];
  return `${at === 0 ? value : value.toFixed(1)} ${units[at]}`;
}

/** The two ends of a key, a hash or a commit. */
export function short(text: string, ends = 6): string {
  return text.length <= 2 * ends + 1 ? text : `${text.slice(0, ends + 2)}…${text.slice(-ends)}`;
}

/** A sentence with its keys and hashes cut to their two ends. */
export function shortened(sentence: string): string {
  return sentence.replace(/[0-9A-Za-z]{32,}/g, (long) => short(long));
}

export function percent(basisPoints: number): string {
  return `${basisPoints / 100}\u00a0%`;
}

export function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
