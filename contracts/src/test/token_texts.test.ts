/** Texts that are no JSON Web Token, and places that are not in one: each is refused by witness, for its own reason. */
import { before, describe } from 'node:test';
import { Field, initializeBindings } from 'o1js';
import { type Reading, fields, json, place, reading, refused, swap } from './reading.js';
import { gitlabClaims } from './tokens.js';

const NOT_A_CLAIM = /place in JSON: expected another value/;
const NO_JSON = /JSON: nothing stands at/;

before(async () => await initializeBindings());

describe('places are in the payload', () => {
  const at =
    (field: Field): (() => Reading) =>
    () =>
      place(reading('gitlab', gitlabClaims()), { audience: field });
  refused(
    ['behind the end', at(Field(5000)), /expected another value|nothing stands at/],
    ['before the start', at(Field(-1)), /expected another value|nothing stands at/],
    ['in the padding', at(Field(1375)), NOT_A_CLAIM],
    ['in the middle of a claim', at(Field(10)), NOT_A_CLAIM],
    ['a fraction', at(Field(1).div(2)), /expected another value|nothing stands at/],
  );
});

describe('the signed text is base64url and nothing else', () => {
  const NO_TEXT = /end of text: nothing stands at/;
  /** The character at a place behind the dot, replaced; -1 is the last one. */
  const swapped =
    (character: string | Field, at = 200): (() => Reading) =>
    () => {
      const one = reading('gitlab', gitlabClaims());
      const i = at < 0 ? one.characters.findIndex((c) => c.toBigInt() === 0x80n) + at : 107 + at;
      const put = typeof character === 'string' ? Field(character.charCodeAt(0)) : character;
      return { ...one, characters: swap(one.characters, i, put) };
    };
  const text =
    (change: (text: Buffer) => Buffer): (() => Reading) =>
    () => {
      const one = reading('gitlab', gitlabClaims());
      const changed = fields(change(one.blocks));
      return { ...one, characters: changed };
    };
  refused(
    ['+ of the other alphabet', swapped('+'), NO_TEXT],
    ['/ of the other alphabet', swapped('/'), NO_TEXT],
    ['= for padding', swapped('=', -1), NO_TEXT],
    ['a line end', swapped('\n', -1), NO_TEXT],
    ['a space', swapped(' '), NO_TEXT],
    ['a second dot', swapped('.'), NO_TEXT],
    ['a NUL', swapped('\0'), NO_TEXT],
    ['a letter of Latin-1', swapped('é'), NO_TEXT],
    ['no byte', swapped(Field(256 + 65)), /byte: nothing stands at/],
    ['below zero', swapped(Field(-65)), /byte: nothing stands at/],
    [
      'no byte behind the end',
      () => {
        const one = reading('gitlab', gitlabClaims());
        return { ...one, characters: swap(one.characters, one.characters.length - 1, Field(256)) };
      },
      /byte: nothing stands at/,
    ],
    [
      'bits behind the last byte, which a lenient reader drops',
      () => {
        const longer = ['', 'x', 'xx'].map((more) => gitlabClaims({ environment: more }));
        const claims = longer.find((each) => json(each).length % 3 === 1)!;
        const one = reading('gitlab', claims);
        const last = one.characters.findIndex((c) => c.toBigInt() === 0x80n) - 1;
        // `}` is `fQ`; `fR` is the same byte and a bit of the next one.
        return { ...one, characters: swap(one.characters, last, one.characters[last]!.add(1)) };
      },
      NO_JSON,
    ],
    ['an end in the middle', swapped('\u0080'), /the object does not end|JSON: nothing/],
    [
      'a header with a character more',
      text((t) => Buffer.concat([Buffer.from('x'), t])),
      /another length/,
    ],
    ['a header with a character less', text((t) => t.subarray(1)), /another length/],
    [
      'no end at all',
      () => {
        const one = reading('gitlab', gitlabClaims());
        return { ...one, characters: one.characters.slice(0, 64 * 28) };
      },
      /does not end/,
    ],
  );
});

describe('the payload is one compact JSON object', () => {
  const honest = json(gitlabClaims()).toString();
  const payload =
    (change: (text: string) => string): (() => Reading) =>
    () =>
      reading('gitlab', change(honest), gitlabClaims());
  refused(
    ['cut off', payload((t) => t.slice(0, -1)), /JSON: nothing stands at|the object does not end/],
    ['cut off in a string', payload((t) => t.slice(0, -2)), NO_JSON],
    ['two objects', payload((t) => `${t}{}`), NO_JSON],
    ['text behind it', payload((t) => `${t}x`), NO_JSON],
    ['a line end behind it', payload((t) => `${t}\n`), NO_JSON],
    ['a space before it', payload((t) => ` ${t}`), NO_JSON],
    ['a NUL in a string', payload((t) => t.replace('maintainer', 'main\0ainer')), NO_JSON],
    ['a line end between claims', payload((t) => t.replace(',"user_id"', ',\n"user_id"')), NO_JSON],
    [
      'a backslash outside of strings',
      payload((t) => t.replace(',"user_id"', ',\\"user_id"')),
      NO_JSON,
    ],
    ['too many ends', payload((t) => `${t}}`), NO_JSON],
  );
});
