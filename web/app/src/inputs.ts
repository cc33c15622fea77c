// The form's own text as inputs, judged by the rules that the functions check again.
import { base64url, unbase64url, utf8 } from '../../shared/src/bytes.ts';
import { InputsRefused } from '../../shared/src/errors.ts';
import {
  checkInput,
  inputNames,
  type Input,
  type Inputs,
  type InputSchema,
  type Property,
} from '../../shared/src/inputs.ts';
import { writtenOffer } from '../../shared/src/named_offer.ts';

// A pattern is the seller's, and runs in the buyer's tab over a text that its input bounds: two endless parts are tried.
const LONGEST = 256;
const MAX_STEPS = LONGEST ** 2;
const MAX_GIVEN = 2048;

/** What stands in the form: text as it was typed, or a choice. Undefined where it was left alone. */
export type Draft = Record<string, string | boolean | undefined>;

export interface Checked {
  inputs: Inputs;
  /** What is wrong, by the input's name. */
  wrong: Record<string, string>;
}

/** The inputs that are signed: typed, with the defaults of those that were left alone. */
export function checkDraft(schema: InputSchema, draft: Draft): Checked {
  const checked: Checked = { inputs: {}, wrong: {} };
  for (const name of inputNames(schema)) {
    const kind = schema.properties[name];
    if (!kind) continue;
    const value = draft[name];
    if (value === undefined || value === '') {
      if (kind.default !== undefined) checked.inputs[name] = kind.default;
      else if (schema.required?.includes(name))
        checked.wrong[name] = 'This run needs a value here.';
      continue;
    }
    const typed = typedValue(kind, value);
    const why = wrongValue(kind, typed);
    if (why) checked.wrong[name] = why;
    else checked.inputs[name] = typed;
  }
  return checked;
}

/** What a link proposes, as far as the offer has such inputs; it only fills in the form. */
export function draftFromLink(schema: InputSchema, given: Record<string, string>): Draft {
  const draft: Draft = {};
  for (const [name, text] of Object.entries(given)) {
    const kind = Object.hasOwn(schema.properties, name) ? schema.properties[name] : undefined;
    if (!kind) continue;
    if (kind.type !== 'boolean') draft[name] = readable(kind, text.slice(0, MAX_GIVEN));
    else if (text === 'true' || text === 'false') draft[name] = text === 'true';
  }
  return draft;
}

/** A value in words that the form shows: encoded JSON as JSON. */
export function readable(kind: Property, text: string): string {
  if (kind.contentEncoding === undefined) return text;
  const decoded = unbase64url(text);
  return decoded ? new TextDecoder().decode(decoded) : text;
}

function typedValue(kind: Property, value: string | boolean): Input {
  if (typeof value === 'boolean') return value;
  if (kind.format !== undefined) return writtenOffer(value);
  if (kind.type === 'string')
    return kind.contentEncoding === undefined ? value : base64url(utf8(value.trim()));
  const number = Number(value);
  return value.trim() !== '' && Number.isFinite(number) ? number : value;
}

/** Why this value does not fit, in a sentence; nothing where it does. */
export function wrongValue(kind: Property, value: unknown): string {
  try {
    checkInput('value', kind, value, fits);
    return '';
  } catch (error) {
    if (!(error instanceof InputsRefused)) throw error;
    if (kind.contentEncoding !== undefined && !/ longer than /.test(error.message))
      return 'Expected a JSON object, such as {"level": 3}.';
    const text = error.message.replace(/^value: /, '');
    return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
  }
}

/** True also where this engine would take too long, or reads another dialect: then the service alone judges. */
export function fits(pattern: string, value: string): boolean {
  if (steps(pattern) > MAX_STEPS) return true;
  try {
    return new RegExp(pattern, 'u').test(value);
  } catch {
    return true;
  }
}

/** In how many ways a text may be tried at most: what each choice multiplies. A repeated group with one has no bound. */
function steps(pattern: string): number {
  const bare = pattern.replace(/\\.|\[(?:\\.|[^\]\\])*\]/g, 'x').replace(/\(\?/g, '(');
  let ways = 1;
  for (const [text, least, most] of bare.matchAll(/[*+?|]|\{(\d+),?(\d*)\}/g))
    if (/[*+]|,\}/.test(text)) ways *= LONGEST;
    else if (most) ways *= Number(most) - Number(least) + 1;
    else if (/[?|]/.test(text)) ways *= 2;
  return ways > 1 && /\)(?:[*+]|\{)/.test(bare) ? Infinity : ways;
}
