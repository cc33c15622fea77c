// The operator's HTTP API, as far as this page asks for it. Answers are bounded and time out.
import { isObject, type JsonObject } from '../../../shared/src/json.ts';
import { problemWords } from '../../../shared/src/problems.ts';
import type { CallView, Dropped } from '../../../shared/src/views.ts';
import { parseOffer, type Offer, type Priced } from './offer.ts';

export type Call = CallView;

export interface OfferView {
  offer: Offer;
  open: boolean;
  reason: string | null;
  accepts: Record<string, unknown>[];
  /** The prices that take no calls now, by the service's word. */
  dropped: Dropped[];
  /** Where the seller runs no server: whether anybody may drop calls as letters, or tickets alone are taken. */
  letters?: 'calls' | 'tickets';
}

export interface EvidenceView {
  documents: Record<string, string>;
  /** Null where it is too large for an answer, and then among the files. */
  index: string | null;
  openings: string | null;
  files: { name: string; sha256: string; size: number; url: string }[];
  /** How many files the pages so far had, if there is another. */
  next?: number | null;
}

/** An answer that is no success; `status` 0 where there was none at all. */
export class ServiceError extends Error {
  readonly status: number;
  readonly headers: Headers;
  /** The problem document, where the service gave one. */
  readonly problem: JsonObject;

  constructor(status: number, detail: string, headers = new Headers(), problem: JsonObject = {}) {
    super(detail);
    this.status = status;
    this.headers = headers;
    this.problem = problem;
  }
}

const MAX_ANSWER = 24 << 20;
const WAIT_MS = 40_000;

export async function ask<T>(
  url: string,
  options: RequestInit = {},
  heard?: (headers: Headers) => void,
): Promise<T> {
  const body = await fetched(url, MAX_ANSWER, options, heard);
  try {
    return JSON.parse(new TextDecoder().decode(body)) as T;
  } catch {
    throw new ServiceError(0, `${new URL(url).host} answered with something else than JSON.`);
  }
}

/** The body, at most so many bytes. */
export async function fetched(
  url: string,
  atMost: number,
  options: RequestInit = {},
  heard?: (headers: Headers) => void,
): Promise<Uint8Array<ArrayBuffer>> {
  const { host } = new URL(url);
  let answer: Response;
  try {
    answer = await fetch(url, {
      ...options,
      credentials: 'omit',
      referrerPolicy: 'no-referrer',
      cache: 'no-store',
      signal: options.signal ?? AbortSignal.timeout(WAIT_MS),
    });
  } catch {
    throw new ServiceError(
      0,
      `${host} does not answer, or does not let pages of other addresses ask.`,
    );
  }
  const body = await bounded(answer, atMost, host);
  if (!answer.ok) throw refusal(answer, body);
  heard?.(answer.headers);
  return body;
}

async function bounded(
  answer: Response,
  atMost: number,
  host: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const reader = answer.body?.getReader();
  for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) {
    size += part.value.length;
    if (size > atMost) {
      await reader?.cancel();
      throw new ServiceError(0, `${host}: expected at most ${atMost} bytes, got more.`);
    }
    chunks.push(part.value);
  }
  const body = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    body.set(chunk, at);
    at += chunk.length;
  }
  return body;
}

function refusal({ status, headers }: Response, body: Uint8Array): ServiceError {
  let problem: JsonObject = {};
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(body));
    if (isObject(value)) problem = value;
  } catch {
    // Some proxies answer with a page of their own.
  }
  const words = problemWords(problem) ?? `The service answered with status ${status}.`;
  return new ServiceError(status, words.slice(0, 600), headers, problem);
}

/** The prices that take runs now, by the service's word, MINA first. */
export function takenPrices({ offer, dropped }: OfferView): Priced[] {
  return offer.prices.filter((price) => !dropped.some(({ asset }) => asset === price.asset));
}

function isDropped(value: unknown): value is Dropped {
  const { asset, symbol, reason } = (value ?? {}) as Partial<Dropped>;
  return [asset, symbol, reason].every((one) => typeof one === 'string');
}

export async function getOffer(service: string, hash: string): Promise<OfferView> {
  const view = await ask<Record<string, unknown>>(`${service}/offers/${hash}`);
  const accepts = Array.isArray(view['accepts'])
    ? (view['accepts'] as Record<string, unknown>[])
    : [];
  return {
    offer: await parseOffer(view['document'], hash),
    open: view['open'] === true,
    reason: typeof view['reason'] === 'string' ? view['reason'] : null,
    accepts,
    dropped: Array.isArray(view['dropped']) ? (view['dropped'] as unknown[]).filter(isDropped) : [],
    ...('letters' in view && { letters: view['letters'] === null ? 'tickets' : 'calls' }),
  };
}

/** The call, and in how many milliseconds its service wants to be asked again; 0 where it does not say. */
export async function lookAtCall(service: string, call: string): Promise<[Call, number]> {
  let again = 0;
  const view = await ask<Call>(`${service}/calls/${call}`, {}, (headers) => {
    again = retryAfter(headers);
  });
  return [view, again];
}

/** Milliseconds; 0 for anything but a whole number of seconds. */
export function retryAfter(headers: Headers): number {
  const said = headers.get('retry-after') ?? '';
  return /^[0-9]{1,5}$/.test(said) ? Number(said) * 1000 : 0;
}

export function postCall(
  service: string,
  offer: string,
  body: object,
  headers: Record<string, string> = {},
): Promise<Call> {
  return ask<Call>(`${service}/offers/${offer}/calls`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
}
