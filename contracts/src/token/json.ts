/**
 * A payload's JSON text, followed from its first byte to its last, and read at any place.
 *
 * Sentence 4 of the argument (ADR 28): at each byte it is known whether it stands inside of a string and how deep the
 * braces and brackets are. So a quote at depth 1 outside of strings begins a name or a value of the token itself, whatever
 * text a stranger put into other strings, and whatever stands in objects further down.
 */
import { Field } from 'o1js';
import { Table } from './table.js';

/** Kinds of bytes, as far as JSON's structure goes (RFC 8259, 2 and 7). */
const [TEXT, QUOTE, BACKSLASH, OPEN, CLOSE, NUL, CONTROL] = [0, 1, 2, 3, 4, 5, 6];
const KINDS = 8;

/** GitLab nests `user_identities` to depth 3. Deeper than 7 is refused. */
const DEPTHS = 7;
/** States before a byte. Outside of strings at depth `d` the state is `d`; before and behind the object it is its own. */
const [BEFORE, BEHIND] = [0, DEPTHS + 1];
const inString = (depth: number): number => BEHIND + depth;
const escaped = (depth: number): number => BEHIND + DEPTHS + depth;
/** Outside of strings, among the names and values of the outermost object. */
export const AMONG_CLAIMS = 1;

const [KIND_OF_BYTE, NEXT_STATE, BYTE_AT, STATE_AT] = [4, 5, 6, 7];

const kinds = new Map(Array.from({ length: 256 }, (_, byte) => [byte, kindOf(byte)]));
const steps = new Map([...stepsOf()].map(([state, kind, next]) => [KINDS * state + kind, next]));

function kindOf(byte: number): number {
  if (byte === 0) return NUL;
  // Line ends and tabs, which JSON allows between values, are in no token that an issuer writes.
  if (byte < 0x20) return CONTROL;
  const special = new Map(
    [...'"\\{}[]'].map((text, i) => [text, [QUOTE, BACKSLASH, OPEN, CLOSE, OPEN, CLOSE][i]!]),
  );
  return special.get(String.fromCharCode(byte)) ?? TEXT;
}

/** All steps that there are: what is not here is refused. */
function* stepsOf(): Generator<[state: number, kind: number, next: number]> {
  yield [BEFORE, OPEN, 1];
  yield [BEHIND, NUL, BEHIND];
  for (let depth = 1; depth <= DEPTHS; depth++) {
    yield [depth, TEXT, depth];
    yield [depth, QUOTE, inString(depth)];
    if (depth < DEPTHS) yield [depth, OPEN, depth + 1];
    yield [depth, CLOSE, depth > 1 ? depth - 1 : BEHIND];
    for (const kind of [TEXT, OPEN, CLOSE]) yield [inString(depth), kind, inString(depth)];
    yield [inString(depth), QUOTE, depth];
    yield [inString(depth), BACKSLASH, escaped(depth)];
    for (const kind of [TEXT, QUOTE, BACKSLASH]) yield [escaped(depth), kind, inString(depth)];
  }
}

/** What makes any field a byte: a lookup of its kind. */
export class Bytes {
  private readonly kinds = Table.of('byte', KIND_OF_BYTE, kinds);

  /** The byte's kind. A field that is no byte has none, and is refused. */
  kind(field: Field): Field {
    return this.kinds.at(field);
  }

  close(): void {
    this.kinds.close();
  }
}

/** A JSON object in a list of bytes, with NULs behind it. */
export class JsonText {
  private readonly bytes: Table;
  private readonly states: Table;

  /** `room`: how long a text may be that is read; so many NULs stand behind the last byte. */
  constructor(text: Field[], room: number, bytes: Bytes) {
    const places = Array.from({ length: text.length + room }, (_, i) => BigInt(i));
    this.bytes = new Table('payload', BYTE_AT, places);
    this.states = new Table('place in JSON', STATE_AT, places.slice(0, text.length));
    this.bytes.fill(places.map((i) => [i, text[Number(i)] ?? Field(0)]));
    this.states.fill(statesBefore(text, bytes).map((state, i) => [BigInt(i), state]));
  }

  /** `size` bytes from this place on. */
  read(place: Field, size: number): Field[] {
    return Array.from({ length: size }, (_, i) => this.bytes.at(place.add(i).seal()));
  }

  /** Holds the byte at this place to stand outside of strings, directly in the outermost object. */
  isAmongClaims(place: Field): void {
    this.states.contains(place, Field(AMONG_CLAIMS));
  }

  close(): void {
    this.bytes.close();
    this.states.close();
  }
}

function statesBefore(text: Field[], bytes: Bytes): Field[] {
  const next = Table.of('JSON', NEXT_STATE, steps);
  let state = Field(BEFORE);
  const states = text.map((byte) => {
    const before = state;
    state = next.at(before.mul(KINDS).add(bytes.kind(byte)).seal());
    return before;
  });
  // The object was closed, and nothing but padding is behind it.
  state.assertEquals(BEHIND, 'the object does not end');
  next.close();
  return states;
}

/** A place that a prover finds and a circuit checks: where `"name":` begins among the claims, and what follows it. */
export function findClaim(payload: Buffer, name: string): number {
  const start = Buffer.from(`"${name}":`);
  let state = BEFORE;
  for (let at = 0; at < payload.length; at++) {
    if (state === AMONG_CLAIMS && payload.subarray(at, at + start.length).equals(start)) return at;
    const next = steps.get(KINDS * state + kindOf(payload[at]!));
    if (next === undefined)
      throw new RangeError(`payload: expected compact JSON, got another byte at ${at}`);
    state = next;
  }
  throw new RangeError(`payload: expected the claim ${name}, got none`);
}
