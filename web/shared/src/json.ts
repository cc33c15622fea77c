// JSON from strangers, bounded and strict, and canonical JSON (RFC 8785).
import { utf8, type Bytes } from './bytes.ts';
import { Malformed } from './errors.ts';

export type Json = string | number | boolean | null | Json[] | { [name: string]: Json };
export type JsonObject = { [name: string]: Json };

// A call is a few hundred bytes; inputs are at most 25 short values.
export const MAX_BODY_BYTES = 64 * 1024;
const MAX_DEPTH = 16;
// 2**53 - 1 has 16 digits, and RFC 8785 holds no integer past it.
const MAX_NUMBER_LENGTH = 32;
// From here on canonical JSON writes a number with an exponent (RFC 8785, 3.2.2.3), as no integer is.
const EXPONENT_FROM = 1e21;
// One mark, number or string at a time, a string up to the end of the text where it has none of its own: every byte is
// looked at once.
const TOKEN = /[[\]{},:]|"(?:[^"\\]|\\.)*"?|[-+.\w]+/gs;

/**
 * A JSON object out of a body. Throws Malformed for more than `atMost` bytes, more than 16 levels, a number
 * that is long or too large, a name that stands twice, and what is not UTF-8, not JSON or not an object.
 */
export function parseObject(body: Uint8Array, atMost: number = MAX_BODY_BYTES): JsonObject {
  if (body.length > atMost)
    throw new Malformed(`body: expected at most ${atMost} bytes, got ${body.length}`);
  const text = decoded(body);
  checkTokens(text);
  const value = parsed(text);
  if (!isObject(value))
    throw new Malformed(
      `body: expected a JSON object, got ${Array.isArray(value) ? 'list' : 'another value'}`,
    );
  return value;
}

/** Whether `parseObject` takes the number as canonical JSON writes it: 1e17 becomes 18 digits. */
export function readsBack(number: number): boolean {
  return Math.abs(number) <= Number.MAX_SAFE_INTEGER || Math.abs(number) >= EXPONENT_FROM;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** RFC 8785: JavaScript's own numbers and strings, names in order of their code units. */
export function canonical(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (!isObject(value)) return JSON.stringify(checked(value));
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([name, item]) => `${JSON.stringify(checked(name))}:${canonical(item)}`).join(',')}}`;
}

/** The bytes of `canonical`, as they are hashed and stored. */
export function canonicalBytes(value: Json): Bytes {
  return utf8(canonical(value));
}

function decoded(body: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body);
  } catch {
    throw new Malformed('body: expected JSON in UTF-8, got a byte that is not UTF-8');
  }
}

function parsed(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    // The parser's own words may repeat a secret.
    throw new Malformed('body: expected JSON in UTF-8, got something else');
  }
}

/** What JSON.parse would let pass: depth, long numbers, and one name twice in an object. */
function checkTokens(text: string): void {
  const names: Set<string>[] = [];
  let before = '';
  for (const [token] of text.matchAll(TOKEN)) {
    if (token === '{' || token === '[') {
      names.push(new Set());
      if (names.length > MAX_DEPTH)
        throw new Malformed(`body: expected JSON at most ${MAX_DEPTH} levels deep, got more`);
    } else if (token === '}' || token === ']') names.pop();
    else if (token === ':') addName(before, names.at(-1));
    else if (/^[-\d]/.test(token)) checkNumber(token);
    before = token;
  }
}

function addName(token: string, names: Set<string> | undefined): void {
  const name = String(parsed(token));
  if (names?.has(name))
    throw new Malformed('body: expected every name once in an object, got one twice');
  names?.add(name);
}

function checkNumber(token: string): void {
  if (token.length > MAX_NUMBER_LENGTH)
    throw new Malformed(
      `body: expected numbers of at most ${MAX_NUMBER_LENGTH} characters, got ${token.length}`,
    );
  const value = Number(token);
  const tooLarge = /^-?\d+$/.test(token)
    ? !Number.isSafeInteger(value)
    : Math.abs(value) === Infinity;
  if (tooLarge) throw new Malformed(`body: expected numbers that RFC 8785 can hold, got ${token}`);
}

function checked<T>(value: T): T {
  if (typeof value === 'string' && !isWellFormed(value))
    throw new Malformed('JSON: expected a value that RFC 8785 can hold, got half a surrogate pair');
  return value;
}

function isWellFormed(text: string): boolean {
  return !/[\ud800-\udfff]/u.test(text);
}
