/**
 * base64url (RFC 4648, 5, without padding characters) from a token's characters to its payload's bytes.
 *
 * Sentence 3 of the argument (ADR 28): from the dot on, every character is one of the 64 up to the byte 0x80 with which
 * SHA-256's padding begins; whatever follows decodes to nothing. So there is one reading of the signed text.
 */
import { Field, Provable } from 'o1js';
import { Table } from './table.js';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
/** FIPS 180-4, 5.1.1: the bit 1 behind the message, then zeros and the length. */
const END = 0x80;
/** Index of a character behind the end. */
const AFTER = 256;
const [SEXTETS, ENDS] = [2, 3];

const VALUES = new Map([...ALPHABET].map((character, value) => [character.charCodeAt(0), value]));
const byte = Array.from({ length: 256 }, (_, i) => i);
/** By character, and by character + 256 once the text has ended: the six bits, and whether it has ended now. */
const sextets = new Map([
  ...VALUES,
  [END, 0],
  ...byte.map((i): [number, number] => [AFTER + i, 0]),
]);
const ends = new Map([...sextets.keys()].map((i) => [i, i < AFTER && i !== END ? 0 : 1]));

/**
 * Three bytes for each four characters. Each character must be known to be a byte, or one that is none could stand for
 * another one of the text. The bytes are NUL behind the end; a caller that range-checks them makes them unique.
 */
export function decode(characters: Field[]): Field[] {
  const [values, ended] = [
    Table.of('base64url', SEXTETS, sextets),
    Table.of('end of text', ENDS, ends),
  ];
  let after = Field(0);
  const read = characters.map((character) => {
    // A character outside of the alphabet has no entry, and neither has a second text behind the end.
    const index = character.add(after.mul(AFTER)).seal();
    after = ended.at(index);
    return values.at(index);
  });
  // A text that fills all blocks would have no padding: it was not hashed whole.
  after.assertEquals(1, 'the text does not end');
  values.close();
  ended.close();
  return groups(read).flatMap(bytesOf);
}

function groups(values: Field[]): Field[][] {
  return Array.from({ length: Math.floor(values.length / 4) }, (_, i) =>
    values.slice(4 * i, 4 * i + 4),
  );
}

function bytesOf(four: Field[]): Field[] {
  const bits = (): bigint => four.reduce((sum, six) => sum * 64n + six.toBigInt(), 0n);
  const three = Provable.witness(Provable.Array(Field, 3), () =>
    [16n, 8n, 0n].map((shift) => Field((bits() >> shift) & 255n)),
  );
  // 24 bits on both sides, so with bytes that are range-checked there is one solution.
  join(three, 256n).assertEquals(join(four, 64n));
  return three;
}

function join(digits: Field[], base: bigint): Field {
  return digits.reduce((sum, digit) => sum.mul(base).add(digit), Field(0));
}
