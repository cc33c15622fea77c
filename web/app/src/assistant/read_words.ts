// Inputs out of a sentence, by rules alone: options, numbers beside a name, yes and no, quotes, and NAME=VALUE.
// The same sentence always gives the same inputs, each with the words that it was read from.
import { inputNames, type InputSchema, type Property } from '../../../shared/src/inputs.ts';
import { checkDraft, type Draft } from '../inputs.ts';

export interface Reading {
  /** What fits, as it stands in the form. */
  values: Draft;
  /** The words that each value was read from. */
  why: Record<string, string>;
  /** What was read and does not fit, in a sentence each. */
  refused: string[];
}

const MAX_TEXT = 2000;
const NEGATION = /^(?:not|no|without|never|off|non|don't|dont)$/;
const YES = ['true', 'yes', 'on'];
const NO = ['false', 'no', 'off'];
const QUOTED = /"([^"]{1,300})"|“([^”]{1,300})”|'([^']{1,300})'/g;
const JSON_OBJECT = /\{[^]*\}/;
// A name of one or two letters stands in too many sentences by chance.
const MIN_NAME = 3;

/** Read a sentence. Nothing is changed by it: whoever calls shows the values, marked, in the form. */
export function readWords(schema: InputSchema, text: string): Reading {
  const said = text.slice(0, MAX_TEXT);
  const found: Draft = {};
  const why: Record<string, string> = {};
  const take = (name: string, value: string | boolean, words: string) => {
    if (name in found) return;
    found[name] = value;
    why[name] = words;
  };
  readJson(schema, said, take);
  const bare = said.replace(JSON_OBJECT, ' ');
  readAssignments(schema, bare, take);
  readQuotes(schema, bare, take);
  readNamed(schema, wordsOf(bare.replace(QUOTED, ' ')), take);
  return judged(schema, found, why);
}

type Take = (name: string, value: string | boolean, words: string) => void;

function readAssignments(schema: InputSchema, text: string, take: Take): void {
  for (const [whole, name, quoted, plain] of text.matchAll(
    /([a-z][a-z0-9_]*)\s*[=:]\s*(?:"([^"]*)"|([^\s,;"“'{]+))/gi,
  )) {
    const known = inputNames(schema).find((one) => one === name?.toLowerCase());
    const kind = known === undefined ? undefined : schema.properties[known];
    const value = quoted ?? plain?.replace(/\.$/, '') ?? '';
    if (!known || !kind) continue;
    if (kind.type !== 'boolean') take(known, value, whole);
    else if ([...YES, ...NO].includes(value.toLowerCase()))
      take(known, YES.includes(value.toLowerCase()), whole);
  }
}

function readJson(schema: InputSchema, text: string, take: Take): void {
  const object = JSON_OBJECT.exec(text)?.[0];
  const encoded = named(schema, ({ contentEncoding }) => contentEncoding !== undefined);
  if (object && encoded.length === 1 && encoded[0])
    take(encoded[0], object, 'the JSON that you wrote');
}

/** A quote belongs to the text input whose name stands nearest before it, or to the only one. */
function readQuotes(schema: InputSchema, text: string, take: Take): void {
  const free = named(
    schema,
    ({ type, ...kind }) => type === 'string' && !kind.enum && !kind.contentEncoding && !kind.format,
  );
  for (const match of text.matchAll(QUOTED)) {
    const value = match[1] ?? match[2] ?? match[3] ?? '';
    const before = text.slice(0, match.index).toLowerCase();
    const places = free.map((name) => ({ name, at: before.lastIndexOf(spoken(schema, name)) }));
    const nearest = places.filter(({ at }) => at >= 0).sort((a, b) => b.at - a.at)[0];
    const name = nearest?.name ?? (free.length === 1 ? free[0] : undefined);
    if (name) take(name, value, 'you quoted it');
  }
}

function readNamed(schema: InputSchema, words: string[], take: Take): void {
  for (const name of inputNames(schema)) {
    const kind = schema.properties[name];
    if (kind?.enum) readOption(name, kind.enum, words, take);
    else if (kind?.type === 'boolean') readYesOrNo(schema, name, words, take);
    else if (kind?.type === 'integer' || kind?.type === 'number')
      readNumber(schema, name, words, take);
  }
}

function readOption(name: string, options: string[], words: string[], take: Take): void {
  words.forEach((word, at) => {
    const option = options.find((one) => one.toLowerCase() === word);
    if (option && !NEGATION.test(words[at - 1] ?? '')) take(name, option, `you wrote “${option}”`);
  });
}

function readYesOrNo(schema: InputSchema, name: string, words: string[], take: Take): void {
  const at = words.findIndex((word) => calls(schema, name, word));
  if (at < 0) return;
  const before = words[at - 1] ?? '';
  if (NEGATION.test(before)) take(name, false, `you wrote “${before} ${words[at]}”`);
  else take(name, true, `you wrote “${words[at]}”`);
}

function readNumber(schema: InputSchema, name: string, words: string[], take: Take): void {
  words.forEach((word, at) => {
    if (!calls(schema, name, word)) return;
    for (const beside of [words[at - 1], words[at + 1]])
      if (beside !== undefined && /^-?\d+(?:\.\d+)?$/.test(beside))
        take(
          name,
          beside,
          `you wrote “${beside === words[at - 1] ? `${beside} ${word}` : `${word} ${beside}`}”`,
        );
  });
}

function wordsOf(text: string): string[] {
  return (
    text
      .toLowerCase()
      .match(/-?\d+(?:\.\d+)?|[a-z0-9_'][a-z0-9_'./+-]*/g)
      ?.map((word) => word.replace(/[.']+$/, '')) ?? []
  );
}

/** True where the word is the input's name, the first word of its title, or either in the plural. */
function calls(schema: InputSchema, name: string, word: string): boolean {
  const title = spoken(schema, name).split(' ')[0] ?? '';
  return [name, title]
    .filter((one) => one.length >= MIN_NAME)
    .some((one) => word === one || `${word}s` === one || word === `${one}s`);
}

function spoken(schema: InputSchema, name: string): string {
  return (schema.properties[name]?.title ?? name).toLowerCase();
}

function named(schema: InputSchema, like: (kind: Property) => boolean): string[] {
  return inputNames(schema).filter((name) => {
    const kind = schema.properties[name];
    return kind !== undefined && like(kind);
  });
}

/** The values that fit by the functions' own rules, and why the others do not. */
export function judged(schema: InputSchema, found: Draft, why: Record<string, string>): Reading {
  const known = Object.fromEntries(
    Object.entries(found).filter(([name]) => Object.hasOwn(schema.properties, name)),
  );
  const { wrong } = checkDraft({ ...schema, required: [] }, known);
  const reading: Reading = { values: {}, why: {}, refused: [] };
  for (const [name, value] of Object.entries(known)) {
    if (wrong[name]) reading.refused.push(`${name}: ${wrong[name]}`);
    else {
      reading.values[name] = value;
      reading.why[name] = why[name] ?? '';
    }
  }
  return reading;
}
