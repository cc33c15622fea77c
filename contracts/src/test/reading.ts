/** Reading a token by witness, as a prover with any witness can try it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Field, Provable } from 'o1js';
import '../backend.js';
import { type Places, claimPlaces, readClaims } from '../token/claims.js';
import { LAYOUTS } from '../token/layouts.js';
import { type Audience, Said, factText, factsHashOf } from '../token/statement.js';
import { paddedBlocks, placesOf } from '../token/witness.js';
import { type Claims, HEADERS, type Kind, base64url, claimsOf } from './tokens.js';

/** A signed text and the witnesses that go with it. An attack changes any of them. */
export interface Reading {
  kind: Kind;
  payload: Buffer;
  /** The text's bytes in SHA-256's padding. */
  blocks: Buffer;
  characters: Field[];
  places: Places;
}

export interface Read {
  facts: bigint;
  said: number;
  subject: string;
  iat: bigint;
  digest: string;
}

/** A text with this payload. Places are those of `base`, an honest payload, where this one cannot be read. */
export function reading(kind: Kind, payload: string | Buffer | Claims, base?: Claims): Reading {
  const bytes =
    Buffer.isBuffer(payload) || typeof payload === 'string' ? Buffer.from(payload) : json(payload);
  const blocks = paddedBlocks(
    Buffer.from(`${base64url(JSON.stringify(HEADERS[kind]))}.${base64url(bytes)}`),
  );
  return {
    kind,
    payload: bytes,
    blocks,
    characters: fields(blocks),
    places: honestPlaces(kind, bytes, base),
  };
}

export const json = (claims: Claims): Buffer => Buffer.from(JSON.stringify(claims));

/** One block of zeros behind the text, as a proof with room for more has them. */
export function fields(blocks: Buffer): Field[] {
  return Array.from({ length: blocks.length + 64 }, (_, i) => Field(blocks[i] ?? 0));
}

/** Where the claims stand in this text, or would stand in the honest one if this cannot be followed. */
function honestPlaces(kind: Kind, payload: Buffer, base?: Claims): Places {
  const claims = base ?? (JSON.parse(payload.toString()) as Claims);
  const at = (text: Buffer): Places =>
    placesOf(LAYOUTS[kind], { header: '', payload: text, claims, blocks: text, signature: 0n });
  if (base === undefined) return at(payload);
  try {
    return at(payload);
  } catch {
    return at(json(base));
  }
}

/** What the circuit reads; throws if any constraint or lookup does not hold. */
export async function read({ kind, characters, places }: Reading): Promise<Read> {
  const layout = LAYOUTS[kind];
  const Witness = claimPlaces(layout);
  let said: Read | undefined;
  await Provable.runAndCheck(() => {
    const text = Provable.witness(Provable.Array(Field, characters.length), () => characters);
    const at = Provable.witness(Witness, () => new Witness(places));
    const { facts, said: word, subject, iat, digestHigh, digestLow } = readClaims(layout, text, at);
    Provable.asProver(() => {
      said = {
        facts: facts.toBigInt(),
        said: Number(word.toBigInt()),
        subject: hex(subject, 64),
        iat: iat.toBigInt(),
        digest: hex(digestHigh, 32) + hex(digestLow, 32),
      };
    });
  });
  return said!;
}

const hex = (field: Field, digits: number): string =>
  field.toBigInt().toString(16).padStart(digits, '0');

/** The facts hash that an offer with these values has. */
export function factsOf(kind: Kind, changes: Claims = {}): bigint {
  return factsHashOf(LAYOUTS[kind], claimsOf[kind](changes) as Record<string, string>).toBigInt();
}

/** The list with one element replaced. */
export const swap = (list: Field[], at: number, by: Field): Field[] =>
  list.map((one, i) => (i === at ? by : one));

/** Puts one fact's place to where `text` stands in the payload, and its length to the length of `claim`. */
export function aim(one: Reading, name: string, text: string, claim = text): Reading {
  const at = one.payload.indexOf(text);
  if (at < 0) throw new Error(`the attack's text is not in the payload: ${text}`);
  const i = LAYOUTS[one.kind].facts.findIndex((fact) => fact.name === name);
  const facts = swap(one.places.facts, i, Field(at));
  return {
    ...one,
    places: { ...one.places, facts, lengths: swap(one.places.lengths, i, Field(claim.length)) },
  };
}

export const claim = factText;
export const place = (one: Reading, changes: Partial<Places>): Reading => ({
  ...one,
  places: { ...one.places, ...changes },
});
export const saying = (word: Audience): Partial<Places> => ({ said: Field(Said[word]) });

export type Attack = [name: string, attack: () => Reading, refusal: RegExp];

/** The attack is refused for its own reason. */
export function refused(...attacks: Attack[]): void {
  for (const [name, attack, refusal] of attacks)
    test(name, async () => {
      await assert.rejects(read(attack()), refusal);
    });
}
