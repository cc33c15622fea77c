// What comes of the one request for a run. Nothing here is ever sent twice.
import { Blocked, send, type Answer, type Outgoing } from '../outgoing.ts';
import { words } from './words.ts';

/** As a wake says it: only `made` and `refused` are certain. */
export type Start =
  | { start: 'made'; run: number; url: string }
  | { start: 'refused' | 'busy' | 'unclear'; detail: string };

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

function read(request: StartRequest, answer: Answer): Start {
  const { status, headers, body } = answer;
  if (status >= 200 && status < 300) return made(request, body);
  const reason = words(body, request.flat, request.secret);
  const detail = `${request.provider} answered ${status}: ${reason}`;
  if (status === 429 || request.isBusy(status, reason, headers)) return { start: 'busy', detail };
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

/** A web address for people to follow; empty where the value is none, or is too long to keep. */
function link(value: unknown): string {
  return typeof value === 'string' && /^https?:\/\/[!-~]{1,2000}$/.test(value) ? value : '';
}
