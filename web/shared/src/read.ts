// Reading named values out of parsed JSON: each wanted, of one kind, within bounds, and nothing beside.
import { Malformed } from './errors.ts';
import { isObject, type JsonObject } from './json.ts';
import { isPublicKey, isSignature, P, tokenId } from './mina.ts';

const MAX_SHOWN = 40;
export const MAX_UNIX_SECONDS = Number.MAX_SAFE_INTEGER;
export const MAX_UINT64 = 2n ** 64n - 1n;
export const HASH = /^[0-9a-f]{64}$/;
export const HASH_SAYS = '64 lower-case hex digits';
/** A short text in which whoever reads it sees what stands there: nothing in it turns or hides what follows. */
export const PRINTABLE = /^[ -~]{0,400}$/;

/** The object itself, if it has exactly these names; the optional ones may be missing. */
export function only(
  value: unknown,
  names: readonly string[],
  where: string,
  optional: readonly string[] = [],
): JsonObject {
  if (!isObject(value)) throw new Malformed(`${where}: expected an object, got ${kindOf(value)}`);
  const missing = names.filter((name) => !Object.hasOwn(value, name)).sort();
  if (missing.length > 0)
    throw new Malformed(`${where}: expected ${missing.join(', ')}, got nothing by that name`);
  const known = [...names, ...optional];
  const unknown = Object.keys(value).filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    const shown = unknown.map((name) => name.slice(0, MAX_SHOWN)).sort();
    throw new Malformed(
      `${where}: expected ${[...new Set(known)].sort().join(', ')}, got also ${shown.slice(0, 5).join(', ')}`,
    );
  }
  return value;
}

/** A string that matches the whole pattern; `says` tells the pattern in words. */
export function text(value: JsonObject, name: string, pattern: RegExp, says: string): string {
  const member = value[name];
  if (typeof member !== 'string' || !pattern.test(member))
    throw new Malformed(`${name}: expected ${says}, got ${shown(member)}`);
  return member;
}

export function oneOf(value: JsonObject, name: string, choices: readonly string[]): string {
  const member = value[name];
  if (typeof member !== 'string' || !choices.includes(member))
    throw new Malformed(`${name}: expected one of ${choices.join(', ')}, got ${shown(member)}`);
  return member;
}

/** A whole number within low..high, both included. */
export function whole(value: JsonObject, name: string, low: number, high: number): number {
  const member = value[name];
  if (typeof member !== 'number' || !Number.isInteger(member) || member < low || member > high)
    throw new Malformed(
      `${name}: expected a whole number from ${low} to ${high}, got ${shown(member)}`,
    );
  return member;
}

/** A number from 0 to `high`, written as a decimal string without leading zeros. */
export function decimal(value: JsonObject, name: string, high: bigint): bigint {
  const number = BigInt(
    text(value, name, /^(?:0|[1-9][0-9]{0,77})$/, 'a decimal number in a string'),
  );
  if (number > high) throw new Malformed(`${name}: expected at most ${high}, got ${number}`);
  return number;
}

export function truth(value: JsonObject, name: string): boolean {
  const member = value[name];
  if (typeof member !== 'boolean')
    throw new Malformed(`${name}: expected true or false, got ${shown(member)}`);
  return member;
}

/** A token's id in base58. */
export function token(value: JsonObject, name: string): string {
  const member = value[name];
  try {
    if (typeof member === 'string' && tokenId(member) > 0n) return member;
  } catch {
    // told below
  }
  throw new Malformed(`${name}: expected a token id in base58, got ${shown(member)}`);
}

/** A public key in base58; the empty key is none. */
export function publicKey(value: JsonObject, name: string): string {
  const member = value[name];
  if (typeof member !== 'string' || !isPublicKey(member))
    throw new Malformed(
      `${name}: expected a base58 public key, got ${typeof member === 'string' ? 'another text' : kindOf(member)}`,
    );
  return member;
}

export function signature(value: JsonObject, name: string): string {
  const member = value[name];
  if (typeof member !== 'string' || !isSignature(member))
    throw new Malformed(
      `${name}: expected a base58 signature, got ${typeof member === 'string' ? 'another text' : kindOf(member)}`,
    );
  return member;
}

/** A field by its 64 lower-case hex digits, the form that hashes have in URLs and run names. */
export function hexField(digits: unknown, where: string): bigint {
  if (typeof digits === 'string' && HASH.test(digits)) {
    const number = BigInt(`0x${digits}`);
    if (number < P) return number;
  }
  throw new Malformed(`${where}: expected ${HASH_SAYS} of a field, got ${shown(digits)}`);
}

/** Short enough for a message; only plain text and numbers are shown at all. */
function shown(value: unknown): string {
  if (typeof value === 'string')
    return `'${value.length <= MAX_SHOWN ? value : `${value.slice(0, MAX_SHOWN)}…`}'`;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : kindOf(value);
}

/** A value's kind, by the names that the functions have for it. */
export function kindOf(value: unknown): string {
  if (value === null) return 'NoneType';
  if (Array.isArray(value)) return 'list';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int' : 'float';
  return KINDS[typeof value] ?? 'another value';
}

const KINDS: Record<string, string> = { string: 'str', boolean: 'bool', object: 'dict' };
