/**
 * What a signed text says: the pinned claims, the call and the outputs in its audience, and when it was issued.
 *
 * Sentence 5 of the argument (ADR 28): a text `"name":` whose first quote stands among the claims is a claim's name and
 * nothing else. A name that begins with a letter is no end of a string, and what a colon follows is no value.
 */
import { Bool, Field, Provable, Struct } from 'o1js';
import { decode } from './base64.js';
import { Bytes, JsonText } from './json.js';
import type { Layout } from './layouts.js';
import { AUDIENCES, Said, factsHash } from './statement.js';
import { Table } from './table.js';

const HEX_DIGITS = 8;
const DECIMAL_DIGITS = 9;
const DIGITS = '0123456789abcdef';
const [QUOTE, COMMA, CLOSE, DOT, COLON] = ['"', ',', '}', '.', ':'].map((text) =>
  text.charCodeAt(0),
) as [number, number, number, number, number];
/** 64 hex digits. */
const HASH = 64;
/** Unix seconds from 2001 to 2286 have ten. */
const IAT_DIGITS = 10;
/** What each audience begins with; all are of one length. */
const BEGINNINGS = AUDIENCES.map((word) => `"aud":"urn:sealrun:${word}:`);
const BEGINNING = BEGINNINGS[0]!.length;
const IAT = '"iat":';

/** Where the claims begin, and how long the pinned ones are. A prover chooses them; the circuit checks what stands there. */
export const claimPlaces = (layout: Layout) =>
  class Places extends Struct({
    facts: Provable.Array(Field, layout.facts.length),
    lengths: Provable.Array(Field, layout.facts.length),
    audience: Field,
    iat: Field,
    /** What the audience says: one of `Said`. */
    said: Field,
  }) {};

export interface Places {
  facts: Field[];
  lengths: Field[];
  audience: Field;
  iat: Field;
  said: Field;
}

export interface Read {
  said: Field;
  subject: Field;
  facts: Field;
  iat: Field;
  digestHigh: Field;
  digestLow: Field;
}

/** Reads a token's signed text, a field a byte. Holds every one of them to be a byte. */
export function readClaims(layout: Layout, characters: Field[], places: Places): Read {
  const bytes = new Bytes();
  // Every character up to the last: three that were left out once could be traded for others.
  for (const character of characters) bytes.kind(character);
  // The dot is where the header ends, so base64's groups of four are where the issuer's are.
  characters[layout.headerLength]!.assertEquals(DOT, 'the header has another length');
  const room = Math.max(...layout.facts.map((fact) => fact.room), BEGINNING + 2 * HASH + 2);
  const text = new JsonText(decode(characters.slice(layout.headerLength + 1)), room, bytes);
  const facts = layout.facts.map(({ room }, i) =>
    readMember(text, places.facts[i]!, places.lengths[i]!, room),
  );
  const read = {
    facts: factsHash(layout, facts),
    ...readAudience(text, places),
    iat: readIat(text, places.iat),
  };
  text.close();
  bytes.close();
  return read;
}

/**
 * `"name":"value"`, with NULs up to `room`. The facts hash fixes every byte of it, so here it is only held to begin among
 * the claims and to be cut off at a quote.
 */
function readMember(text: JsonText, place: Field, length: Field, room: number): Field[] {
  text.isAmongClaims(place);
  const bytes = text.read(place, room);
  let on = Bool(true);
  let last = Field(0);
  const member = bytes.map((byte, i) => {
    const kept = on.toField().mul(byte).seal();
    const still = on.and(length.equals(i + 1).not());
    last = last.add(on.toField().sub(still.toField()).mul(byte)).seal();
    on = still;
    return kept;
  });
  on.assertFalse('length of a claim: out of range');
  last.assertEquals(QUOTE, 'not a whole claim');
  member[0]!.assertEquals(QUOTE, 'not a claim');
  return member;
}

/** One text for one subject: whatever stands behind it is no part of the audience. */
function readAudience(
  text: JsonText,
  { audience, said }: Places,
): Pick<Read, 'said' | 'subject' | 'digestHigh' | 'digestLow'> {
  text.isAmongClaims(audience);
  const bytes = text.read(audience, BEGINNING + 2 * HASH + 2);
  const says = AUDIENCES.map((word) => said.equals(Said[word]));
  says.reduce((sum, each) => sum.add(each.toField()), Field(0)).assertEquals(1, 'another audience');
  for (let i = 0; i < BEGINNING; i++)
    bytes[i]!.assertEquals(
      chosen(says, (each) => BEGINNINGS[each]!.charCodeAt(i)),
      'another audience',
    );
  const [subject, between, digest, end] = [
    bytes.slice(BEGINNING, BEGINNING + HASH),
    bytes[BEGINNING + HASH]!,
    bytes.slice(BEGINNING + HASH + 1, -1),
    bytes.at(-1)!,
  ];
  const alone = says[Said.call]!;
  between.assertEquals(Provable.if(alone, Field(QUOTE), Field(COLON)), 'another audience');
  alone.not().toField().mul(end.sub(QUOTE)).assertEquals(0, 'another audience');
  const digits = hexDigits([
    ...subject,
    ...digest.map((byte) => Provable.if(alone, Field(DIGITS.charCodeAt(0)), byte)),
  ]);
  // Below 2^254, so that no second text gives the same field. One call in 2^128 is above, and cannot be proved.
  const top = digits[0]!;
  top
    .mul(top.sub(1))
    .mul(top.sub(2).mul(top.sub(3)))
    .assertEquals(0, 'a subject beyond the field');
  return {
    said,
    subject: join(digits.slice(0, HASH), 16),
    digestHigh: join(digits.slice(HASH, HASH + HASH / 2), 16),
    digestLow: join(digits.slice(HASH + HASH / 2), 16),
  };
}

/** The value at the one choice that is made. */
function chosen(choices: Bool[], value: (each: number) => number): Field {
  return choices
    .reduce((sum, choice, i) => sum.add(choice.toField().mul(value(i))), Field(0))
    .seal();
}

/** `"iat":` and ten decimal digits, then the next claim or the object's end. */
function readIat(text: JsonText, place: Field): Field {
  text.isAmongClaims(place);
  const bytes = text.read(place, IAT.length + IAT_DIGITS + 1);
  for (let i = 0; i < IAT.length; i++) bytes[i]!.assertEquals(IAT.charCodeAt(i), 'not iat');
  const table = digitTable('decimal digit', DECIMAL_DIGITS, DIGITS.slice(0, 10));
  const digits = bytes.slice(IAT.length, -1).map((byte) => table.at(byte));
  table.close();
  const end = bytes.at(-1)!;
  end.sub(COMMA).mul(end.sub(CLOSE)).assertEquals(0, 'iat goes on');
  return join(digits, 10);
}

function hexDigits(bytes: Field[]): Field[] {
  const table = digitTable('hex digit', HEX_DIGITS, DIGITS);
  const digits = bytes.map((byte) => table.at(byte));
  table.close();
  return digits;
}

function digitTable(name: string, id: number, digits: string): Table {
  return Table.of(
    name,
    id,
    new Map([...digits].map((digit, value) => [digit.charCodeAt(0), value])),
  );
}

function join(digits: Field[], base: number): Field {
  return digits.reduce((sum, digit) => sum.mul(base).add(digit), Field(0)).seal();
}
