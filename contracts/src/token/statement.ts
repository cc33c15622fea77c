/** What a token's proof says in public, and how each part of it is hashed. Runs inside and outside of circuits. */
import { Field, Struct } from 'o1js';
import { H, textField } from '../fields.js';
import { treeRoot } from '../receipts.js';
import type { Layout } from './layouts.js';

/** The public output of every proof of a token. */
export class TokenStatement extends Struct({
  /** `H("sealrun:jwk", ...)` of the key that signed, with the header that names it. */
  key: Field,
  /** What the audience says of its subject: one of `Said`. */
  said: Field,
  /** The call hash in the audience, or a tree's commit as a number. */
  subject: Field,
  /** `H("sealrun:facts", ...)` of the claims that an offer pins. */
  facts: Field,
  /** Issued at, Unix seconds. */
  iat: Field,
  /** The 32 bytes that the audience names behind its subject, as high and low 128 bits; 0 and 0 behind a mere call. */
  digestHigh: Field,
  digestLow: Field,
}) {}

/** The audiences that are read, by the word in them: `urn:sealrun:WORD:...`. */
export const AUDIENCES = ['call', 'done', 'tree'] as const;
export type Audience = (typeof AUDIENCES)[number];

/** What a token's audience says; the value of `TokenStatement.said`. */
export const Said = {
  /** `urn:sealrun:call:CALL`: a job of this call ran. */
  call: 0,
  /** `urn:sealrun:done:CALL:OUTPUTS`: this call's last job ran, and these are its outputs. */
  done: 1,
  /** `urn:sealrun:tree:COMMIT:ROOT`: this is the mirror's root of a commit, whose id has zeros in front. */
  tree: 2,
} as const satisfies Record<Audience, number>;

const PACKED = 31;
/** Longest header that a key hash covers. */
const HEADER_ROOM = 7 * PACKED;
/** A modulus in limbs of 116 bits, as the RSA gadget has it. */
const [LIMBS, LIMB_BITS] = [18, 116n];
/** A key root holds at most 16 keys. */
const KEYS_DEPTH = 4;
export const MAX_KEYS = 2 ** KEYS_DEPTH;

/** 31 bytes a field, least significant first. The number of bytes is fixed by who calls. */
export function pack(bytes: Field[]): Field[] {
  return Array.from({ length: Math.ceil(bytes.length / PACKED) }, (_, i) =>
    bytes
      .slice(PACKED * i, PACKED * (i + 1))
      .reduceRight((sum, byte) => sum.mul(256).add(byte), Field(0))
      .seal(),
  );
}

/**
 * `H("sealrun:facts", [layout, texts])`: each text is `"name":"value"` as it stands in the token, with NULs up to its room.
 * No claim holds a NUL, so no two lists of claims give the same fields.
 */
export function factsHash(layout: Layout, texts: Field[][]): Field {
  return H('sealrun:facts', [textField(layout.name), ...texts.flatMap(pack)]);
}

/**
 * `H("sealrun:jwk", [modulus, header])`: nine fields of 232 bits, the lowest first, and the header's characters with NULs up
 * to 217. The exponent is 65537. The header names the key and the algorithm; it is compared, and not read.
 */
export function keyHash(limbs: Field[], header: Field[]): Field {
  if (limbs.length !== LIMBS || header.length > HEADER_ROOM)
    throw new RangeError(`key: expected ${LIMBS} limbs and at most ${HEADER_ROOM} characters`);
  const modulus = Array.from({ length: LIMBS / 2 }, (_, i) =>
    limbs[2 * i]!.add(limbs[2 * i + 1]!.mul(1n << LIMB_BITS)).seal(),
  );
  const padding = Array.from({ length: HEADER_ROOM - header.length }, () => Field(0));
  return H('sealrun:jwk', [...modulus, ...pack([...header, ...padding])]);
}

/** The root over an issuer's keys: a tree of depth 4 over their hashes in ascending order, then zeros. */
export function keyRoot(hashes: Field[]): Field {
  return treeRoot(keyLeaves(hashes), KEYS_DEPTH);
}

/** The leaves under that root. Not for circuits. */
export function keyLeaves(hashes: Field[]): Field[] {
  const sorted = [...new Set(hashes.map((hash) => hash.toBigInt()))].sort((a, b) =>
    a < b ? -1 : 1,
  );
  if (sorted.length === 0 || sorted.length > MAX_KEYS)
    throw new RangeError(`keys: expected 1 to ${MAX_KEYS}, got ${sorted.length}`);
  return sorted.map(Field);
}

// Outside of circuits.

/** The text of a pinned claim, as the issuer writes it. A value that JSON would escape is refused. */
export function factText(name: string, value: string): string {
  if (!/^[ !#-[\]-~]+$/.test(value))
    throw new RangeError(`${name}: expected printable ASCII without quotes and backslashes`);
  return `"${name}":"${value}"`;
}

/** Text as bytes, with NULs up to `room`. */
export function padded(text: string, room: number): Field[] {
  const bytes = Buffer.from(text);
  if (bytes.length > room)
    throw new RangeError(
      `expected at most ${room} bytes, got ${bytes.length}: ${text.slice(0, 80)}`,
    );
  return Array.from({ length: room }, (_, i) => Field(bytes[i] ?? 0));
}

/** The facts hash of these values. */
export function factsHashOf(layout: Layout, values: Readonly<Record<string, string>>): Field {
  const texts = layout.facts.map(({ name, room }) =>
    padded(factText(name, values[name] ?? ''), room),
  );
  return factsHash(layout, texts);
}
