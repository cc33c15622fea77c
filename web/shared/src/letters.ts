// Letters: requests that are dropped into a bucket where no server listens, and their answers in files, as
// sealrun.calls.letters has them.
import { unbase64url, type Bytes } from './bytes.ts';
import { Malformed } from './errors.ts';
import { isObject, parseObject, type JsonObject } from './json.ts';
import * as read from './read.ts';

/** A form that is sent with a letter as its file: S3's presigned POST. */
export interface PostBox {
  url: string;
  fields: Record<string, string>;
}

/** What a service would have answered to the letter's request. */
export interface Answer {
  /** SHA-256 of the letter's bytes, 64 hex digits. */
  letter: string;
  status: number;
  body: JsonObject;
}

/** A letter may lie this long before it is taken. */
export const LETTER_SECONDS = 24 * 3600;
export const MAX_ANSWER_BYTES = 64 * 1024;
const MAX_BOX_BYTES = 6 * 1024;
const MAX_FIELDS = 20;
const FIELD = /^[A-Za-z0-9-]{1,64}$/;
const MAX_FIELD = 4096;
// Loopback is for trying; a bucket elsewhere has https.
const BUCKET = /^(?:https:\/\/|http:\/\/127\.0\.0\.1:)[!-~]{1,500}$/;

/** The box of a ticket's fragment. Not checked: whether its signature holds. */
export function readBox(text: string): PostBox {
  const document = unbase64url(text);
  if (!document) throw new Malformed('box: expected base64url without padding, got another text');
  const box = read.only(parseObject(document, MAX_BOX_BYTES), ['url', 'fields'], 'box');
  const url = read.text(box, 'url', BUCKET, 'the URL of a bucket');
  const { fields } = box;
  if (!isObject(fields) || !Object.hasOwn(fields, 'key'))
    throw new Malformed('box: expected the fields of a form with a key, got something else');
  const entries = Object.entries(fields);
  const good = entries.every(
    ([name, value]) => FIELD.test(name) && typeof value === 'string' && value.length <= MAX_FIELD,
  );
  if (!good || entries.length > MAX_FIELDS)
    throw new Malformed('box: expected short names and texts in its form, got something else');
  return { url, fields: fields as Record<string, string> };
}

export function readAnswer(document: Bytes): Answer {
  const names = ['letter', 'status', 'headers', 'body'];
  const value = read.only(parseObject(document, MAX_ANSWER_BYTES), names, 'answer');
  const { body } = value;
  if (!isObject(body))
    throw new Malformed('answer: expected a body that is an object, got something else');
  return {
    letter: read.text(value, 'letter', read.HASH, read.HASH_SAYS),
    status: read.whole(value, 'status', 200, 599),
    body,
  };
}

/** The name of a ticket's letter; a ticket has one at a time. */
export function ticketLetter(ticket: string): string {
  return `tickets/${ticket}`;
}

/** The call that a ticket was used for, by the answer to a redemption of it; undefined where the answer names none. */
export function usedFor({ status, body }: Pick<Answer, 'status' | 'body'>): string | undefined {
  const { type, call } = body;
  const used = status === 202 || type === 'urn:sealrun:problem:ticket-used';
  return used && typeof call === 'string' && read.HASH.test(call) ? call : undefined;
}
