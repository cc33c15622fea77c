// Errors as problem documents (RFC 9457).
import { Conflict, SealrunError } from './errors.ts';

export const MEDIA_TYPE = 'application/problem+json';

/** The document of an error; of one that is not ours it reveals nothing. */
export function problemDocument(error: unknown): Record<string, string | number> {
  if (!(error instanceof SealrunError)) return plainProblem(500, 'Internal Server Error');
  const { type, title, status, message } = error;
  const other = error instanceof Conflict ? { call: error.call } : {};
  const document = { type: `urn:sealrun:problem:${type}`, title, status, ...other };
  return message === '' ? document : { ...document, detail: message };
}

export function plainProblem(status: number, title: string): Record<string, string | number> {
  return { type: 'about:blank', title, status };
}

/** What a problem document says, for people; undefined where the value is none. */
export function problemWords(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { title, detail } = value as { title?: unknown; detail?: unknown };
  const words = [title, detail].filter((word): word is string => typeof word === 'string');
  return words.length > 0 ? words.join(': ') : undefined;
}
