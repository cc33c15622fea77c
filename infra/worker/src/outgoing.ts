// The one way out: requests to named origins, bounded in time and size, without following redirects.
//
// A Worker's requests leave from Cloudflare's network, which reaches public addresses only; no name is resolved
// here, so no address can be looked at as the region's functions do.
import { mayReach } from './settings.ts';

export const REQUEST_SECONDS = 20;
// What a provider says of one start, and a region of one call, is some thousand bytes.
const MAX_ANSWER_BYTES = 1 << 20;

/** Nothing was sent: the URL is not one that this Worker talks to. */
export class Blocked extends Error {}

export interface Outgoing {
  origin: string;
  unsafeLoopback: boolean;
}

export interface Answer {
  status: number;
  headers: Headers;
  body: Uint8Array;
}

/** Sends one request. Throws Blocked, or whatever ended the request: then it may have arrived. */
export async function send(to: Outgoing, url: string, options: RequestInit): Promise<Answer> {
  if (new URL(url).origin !== to.origin || !mayReach(to.origin, to.unsafeLoopback))
    throw new Blocked('url: expected an allowed origin, got another');
  const signal = AbortSignal.timeout(REQUEST_SECONDS * 1000);
  const answer = await fetch(url, { ...options, redirect: 'manual', signal });
  return { status: answer.status, headers: answer.headers, body: await readBody(answer) };
}

async function readBody(answer: Response): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of answer.body ?? []) {
    size += piece.length;
    if (size > MAX_ANSWER_BYTES)
      throw new Error(`answer: expected at most ${MAX_ANSWER_BYTES} bytes`);
    pieces.push(piece);
  }
  return new Uint8Array(await new Blob(pieces).arrayBuffer());
}
