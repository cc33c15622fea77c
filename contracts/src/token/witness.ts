/** From a token to what its proof is made of. Nothing here is trusted: the circuits check all of it. */
import { Field, UInt32 } from 'o1js';
import type { Places } from './claims.js';
import { findClaim } from './json.js';
import { type Layout } from './layouts.js';
import { FIRST, LAST, MAX_BLOCKS, MIN_BLOCKS, MORE } from './programs.js';
import { BLOCK_BYTES } from './sha256.js';
import { type Audience, Said, factText } from './statement.js';

/** RFC 7515, 7.1; longer ones have more blocks than a proof has. */
const TOKEN = /^([A-Za-z0-9_-]{1,400})\.([A-Za-z0-9_-]{1,4000})\.([A-Za-z0-9_-]{342})$/;
const AUDIENCE = /^urn:sealrun:(call|done|tree):/;

export interface TokenParts {
  /** The header's characters. */
  readonly header: string;
  readonly payload: Buffer;
  readonly claims: Readonly<Record<string, unknown>>;
  /** The signed text in SHA-256's padding, a whole number of blocks. */
  readonly blocks: Buffer;
  readonly signature: bigint;
}

/** Which blocks each step hashes. `first` and each of `more` and `last` are numbers of blocks. */
export interface Plan {
  readonly first: number;
  readonly more: number;
}

/**
 * Takes a token apart. Not checked: its signature.
 *
 * @throws RangeError if it is no token of this layout, or too long for a proof; no message repeats it.
 */
export function takeApart(layout: Layout, token: string): TokenParts {
  const [, header, body, signature] = TOKEN.exec(token) ?? [];
  if (header === undefined || body === undefined || signature === undefined)
    throw new RangeError('token: expected three parts of base64url, the last of 342 characters');
  if (header.length !== layout.headerLength)
    throw new RangeError(
      `token: expected a header of ${layout.headerLength} characters, as ${layout.name}'s, got ${header.length}`,
    );
  const payload = Buffer.from(body, 'base64url');
  const blocks = paddedBlocks(Buffer.from(`${header}.${body}`));
  const count = blocks.length / BLOCK_BYTES;
  if (count > MAX_BLOCKS || count < MIN_BLOCKS)
    throw new RangeError(
      `token: expected ${MIN_BLOCKS} to ${MAX_BLOCKS} blocks of 64 bytes, got ${count}`,
    );
  return { header, payload, claims: object(payload), blocks, signature: whole(signature) };
}

/** Where each claim stands. */
export function placesOf(layout: Layout, parts: TokenParts): Places {
  const values = factValues(layout, parts);
  return {
    facts: layout.facts.map(({ name }) => Field(findClaim(parts.payload, name))),
    lengths: layout.facts.map(({ name, room }) => Field(fitting(name, values[name]!, room))),
    audience: Field(findClaim(parts.payload, 'aud')),
    iat: Field(findClaim(parts.payload, 'iat')),
    said: Field(Said[audienceOf(parts)]),
  };
}

/** The word of the audience. Of another one it does not matter which: no circuit takes it. */
function audienceOf({ claims }: TokenParts): Audience {
  return (AUDIENCE.exec(String(claims['aud']))?.[1] ?? 'call') as Audience;
}

/** The values of the pinned claims, by their names in the layout's order. */
export function factValues(layout: Layout, { claims }: TokenParts): Record<string, string> {
  return Object.fromEntries(
    layout.facts.map(({ name }) => {
      const value = claims[name];
      if (typeof value !== 'string')
        throw new RangeError(`token: expected text as ${name}, got something else`);
      return [name, value];
    }),
  );
}

/** The first step takes the rest, 1 to 11 blocks, so that all others are full. */
export function planOf({ blocks }: TokenParts): Plan {
  const before = blocks.length / BLOCK_BYTES - LAST;
  const more = Math.max(0, Math.ceil((before - FIRST) / MORE));
  return { first: before - more * MORE, more };
}

/** Big-endian words of these blocks, with zeros up to `room` blocks. */
export function wordsOf(blocks: Buffer, from: number, count: number, room = count): UInt32[] {
  const part = Buffer.alloc(room * BLOCK_BYTES);
  blocks.copy(part, 0, from * BLOCK_BYTES, (from + count) * BLOCK_BYTES);
  return Array.from({ length: part.length / 4 }, (_, i) => UInt32.from(part.readUInt32BE(4 * i)));
}

/** A field for each byte, with zeros up to the most that a proof takes. */
export function charactersOf(blocks: Buffer): Field[] {
  return Array.from({ length: MAX_BLOCKS * BLOCK_BYTES }, (_, i) => Field(blocks[i] ?? 0));
}

/** FIPS 180-4, 5.1.1: the bit 1, zeros, and the length in bits. */
export function paddedBlocks(message: Buffer): Buffer {
  const padded = Buffer.alloc(Math.ceil((message.length + 9) / BLOCK_BYTES) * BLOCK_BYTES);
  message.copy(padded);
  padded[message.length] = 0x80;
  padded.writeBigUInt64BE(BigInt(message.length) * 8n, padded.length - 8);
  return padded;
}

/** A big-endian number in base64url, as in a JSON Web Key. */
export function whole(base64url: string): bigint {
  return BigInt(`0x0${Buffer.from(base64url, 'base64url').toString('hex')}`);
}

function fitting(name: string, value: string, room: number): number {
  const { length } = factText(name, value);
  if (length > room)
    throw new RangeError(
      `${name}: expected at most ${room - length + value.length} characters, got ${value.length}`,
    );
  return length;
}

function object(payload: Buffer): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(payload.toString());
  } catch {
    value = undefined;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new RangeError('token: expected a JSON object as its payload, got something else');
  return value as Record<string, unknown>;
}
