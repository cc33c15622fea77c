// What comes of the one request for a run. Nothing here is ever sent twice.
import type { Offer } from '../../../../web/shared/src/offer.ts';
import { Blocked, send, type Answer, type Outgoing } from '../outgoing.ts';
import { words } from './words.ts';

/** Where a provider says nothing: long enough not to press. */
export const PAUSE_SECONDS = 30;
const MAX_PAUSE_SECONDS = 600;

/** As a wake says it: only `made` and `refused` are certain. */
export type Start =
  | { start: 'made'; run: number; url: string }
  | { start: 'refused' | 'unclear'; detail: string }
  | { start: 'busy'; detail: string; retryAfter: number };

/** A provider's request for a run, and how its answers are read. */
export interface StartRequest {
  provider: string;
  url: string;
  headers: Record<string, string>;
  body: unknown;
  /** The run's id and page, out of a good answer. */
  run: (answer: Record<string, unknown>) => { run: unknown; url: unknown };
  /** Whether an answer that is no success says "not now". */
  isBusy: (status: number, reason: string, headers: Headers) => boolean;
  /** The header that says when the provider's limit is over, in Unix seconds. */
  reset: string;
  /** A JSON error's words. */
  flat: (value: Record<string, unknown>) => string;
  secret: string;
}

export async function startRun(request: StartRequest, to: Outgoing): Promise<Start> {
  const { provider, url, headers, body } = request;
  let answer: Answer;
  try {
    answer = await send(to, url, {
      method: 'POST',
      headers: { ...headers, 'Content-Type': 'application/json', 'User-Agent': 'sealrun' },
      body: JSON.stringify(body),
    });
  } catch (error) {
    if (error instanceof Blocked)
      return { start: 'refused', detail: `${provider}: ${error.message}` };
    return { start: 'unclear', detail: `${provider}: no whole answer` };
  }
  return read(request, answer);
}

/** The same, without a provider's words that may repeat the buyer's private inputs (R7). */
export function withoutInputs(start: Start, offer: Offer): Start {
  if (start.start !== 'refused' || offer.evidence['inputs'] !== 'buyer') return start;
  const told = /^([a-z]+ answered (?!401|403|404)[0-9]{3}): /.exec(start.detail);
  if (!told) return start;
  console.warn({ message: 'refused by the provider', detail: start.detail });
  const detail = `${told[1]}, in words that may repeat the buyer's inputs`;
  return { ...start, detail };
}

function read(request: StartRequest, answer: Answer): Start {
  const { status, headers, body } = answer;
  if (status >= 200 && status < 300) return made(request, body);
  const reason = words(body, request.flat, request.secret);
  const detail = `${request.provider} answered ${status}: ${reason}`;
  if (status === 429 || request.isBusy(status, reason, headers))
    return { start: 'busy', detail, retryAfter: pause(headers, request.reset) };
  const unclear = status >= 500 || status === 408;
  return { start: unclear ? 'unclear' : 'refused', detail };
}

function made(request: StartRequest, body: Uint8Array): Start {
  try {
    const value = JSON.parse(new TextDecoder().decode(body)) as Record<string, unknown>;
    const { run, url } = request.run(value);
    if (Number.isSafeInteger(run) && Number(run) > 0)
      return { start: 'made', run: Number(run), url: link(url) };
  } catch {
    // Told below: the run exists, and is found by its name.
  }
  return { start: 'unclear', detail: `${request.provider} started a run and did not say which` };
}

/** Seconds to wait by `Retry-After`, in seconds or as a date, or by the provider's own header. */
function pause(headers: Headers, reset: string): number {
  const [after, until] = [headers.get('retry-after') ?? '', headers.get(reset) ?? ''];
  const now = Date.now() / 1000;
  let wanted = PAUSE_SECONDS;
  if (/^\d{1,9}(?:\.\d{1,9})?$/.test(after)) wanted = Number(after);
  else if (!Number.isNaN(Date.parse(after))) wanted = Date.parse(after) / 1000 - now;
  else if (/^\d{1,12}$/.test(until)) wanted = Number(until) - now;
  return Math.min(Math.max(Math.ceil(wanted), 1), MAX_PAUSE_SECONDS);
}

/** A web address for people to follow; empty where the value is none, or is too long to keep. */
function link(value: unknown): string {
  return typeof value === 'string' && /^https?:\/\/[!-~]{1,2000}$/.test(value) ? value : '';
}
