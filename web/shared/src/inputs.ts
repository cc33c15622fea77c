// What a buyer may put into a seller's pipeline: an offer's input schema, its defaults and the check of values.
import { unbase64url } from './bytes.ts';
import { InputsRefused, Malformed } from './errors.ts';
import { isObject, parseObject, readsBack } from './json.ts';
import { readNamedOffer } from './named_offer.ts';

export type Input = string | number | boolean;
export type Inputs = Record<string, Input>;

/** One of the six kinds of input that an offer may have. */
export interface Property {
  type: 'boolean' | 'integer' | 'number' | 'string';
  title?: string;
  description?: string;
  enum?: string[];
  pattern?: string;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  format?: 'sealrun-offer';
  'x-sellers'?: string[];
  'x-price'?: { asset: string; amount: string; decimals: number; symbol: string };
  contentEncoding?: 'base64url';
  contentMediaType?: 'application/json';
  default?: Input;
}

export interface InputSchema {
  properties: Record<string, Property>;
  required?: string[];
  'x-order'?: string[];
}

/** Whether a text matches an offer's pattern. A service needs one that takes linear time whatever the pattern. */
export type Matches = (pattern: string, text: string) => boolean;

const SAFE = /^[A-Za-z0-9](?:[A-Za-z0-9_/+-]|\.(?!\.))*$/;
const SAFE_IN_WORDS = 'a letter or digit, then letters, digits and . _ / + - without ..';

/** Names in the order that the offer gives its inputs, or in that of the alphabet. */
export function inputNames(schema: InputSchema): string[] {
  return schema['x-order'] ?? Object.keys(schema.properties).sort();
}

/** Names in the order that the offer gives its inputs; those that it does not name come last. */
export function ordered(schema: InputSchema, names: string[]): string[] {
  const order = schema['x-order'] ?? [];
  const known = order.filter((name) => names.includes(name));
  return [...known, ...names.filter((name) => !order.includes(name))];
}

/** The inputs, if they fit. Throws InputsRefused where they do not, or where a string could be code in a pipeline. */
export function checkInputs(schema: InputSchema, inputs: unknown, matches: Matches): Inputs {
  if (!isObject(inputs)) throw new InputsRefused('inputs: the value is not of type "object"');
  for (const name of Object.keys(inputs))
    if (!Object.hasOwn(schema.properties, name))
      throw new InputsRefused(
        `inputs: Additional properties are not allowed ('${name.slice(0, 64)}' was unexpected)`,
      );
  for (const name of schema.required ?? [])
    if (!Object.hasOwn(inputs, name))
      throw new InputsRefused(`inputs: "${name}" is a required property`);
  for (const [name, property] of Object.entries(schema.properties))
    if (Object.hasOwn(inputs, name)) checkInput(name, property, inputs[name], matches);
  return inputs as Inputs;
}

/** One value, if it fits. Throws InputsRefused where it does not. */
export function checkInput(
  name: string,
  property: Property,
  value: unknown,
  matches: Matches,
): void {
  const wrong = misfit(property, value, matches);
  if (wrong) throw new InputsRefused(`${name}: the value ${wrong}`);
  if (typeof value === 'number' && !readsBack(value))
    throw new InputsRefused(`${name}: expected a number that RFC 8785 can hold, got ${value}`);
  if (typeof value !== 'string') return;
  if (property.contentEncoding) checkEncoded(name, value);
  else if (!SAFE.test(value))
    throw new InputsRefused(`${name}: expected ${SAFE_IN_WORDS}, got another character`);
  else if (property.format) checkNamed(name, value);
}

function checkNamed(name: string, value: string): void {
  try {
    readNamedOffer(value);
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    throw new InputsRefused(`${name}: ${error.message}`);
  }
}

function misfit(property: Property, value: unknown, matches: Matches): string | undefined {
  const { type, minimum, maximum } = property;
  if (!isOfType(type, value)) return `is not of type "${type}"`;
  if (typeof value === 'string') return textMisfit(property, value, matches);
  if (typeof value !== 'number') return undefined;
  if (minimum !== undefined && value < minimum) return `is less than the minimum of ${minimum}`;
  if (maximum !== undefined && value > maximum) return `is greater than the maximum of ${maximum}`;
  return undefined;
}

function textMisfit(property: Property, value: string, matches: Matches): string | undefined {
  const { minLength, maxLength, pattern } = property;
  if (property.enum && !property.enum.includes(value)) return 'is not one of the options';
  const length = [...value].length;
  if (maxLength !== undefined && length > maxLength)
    return `is longer than ${maxLength} characters`;
  if (minLength !== undefined && length < minLength)
    return `is shorter than ${minLength} characters`;
  if (pattern !== undefined && !matches(pattern, value)) return `does not match "${pattern}"`;
  return undefined;
}

function isOfType(type: Property['type'], value: unknown): boolean {
  if (type === 'integer') return Number.isInteger(value);
  return typeof value === type;
}

/** base64url (RFC 4648 section 5, no padding) of a JSON object. */
function checkEncoded(name: string, value: string): void {
  const bytes = value === '' ? undefined : unbase64url(value);
  if (!bytes)
    throw new InputsRefused(`${name}: expected base64url without padding, got another character`);
  try {
    parseObject(bytes);
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    throw new InputsRefused(`${name}: expected base64url of a JSON object, ${error.message}`);
  }
}
