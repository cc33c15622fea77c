// The Worker: it takes calls and tickets of its one offer, and sends everything else on to the region.
import { Malformed, SealrunError } from '../../../web/shared/src/errors.ts';
import { MAX_BODY_BYTES } from '../../../web/shared/src/json.ts';
import { MEDIA_TYPE, problemDocument } from '../../../web/shared/src/problems.ts';
import { MAX_REDEMPTION_BYTES } from '../../../web/shared/src/redemption.ts';
import type { CallView } from '../../../web/shared/src/views.ts';
import { acceptCall, acceptTicket, type Counter } from './accept.ts';
import { forward, sender } from './region.ts';
import { readSettings, type Env, type Settings } from './settings.ts';

export { Desk } from './desk.ts';

// A page of any origin may read the answers: no cookie is ever looked at.
const ANYONE = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Expose-Headers': 'location, payment-required, payment-response, retry-after',
};

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    try {
      return await answer(request, env, readSettings(env));
    } catch (error) {
      return refusal(error);
    }
  },
};

async function answer(request: Request, env: Env, settings: Settings): Promise<Response> {
  const { pathname } = new URL(request.url);
  const [, kind, name = '', rest] = pathname.split('/');
  const desk = env.DESK.get(env.DESK.idFromName(settings.offer));
  const now = Math.floor(Date.now() / 1000);
  const counter: Counter = { desk, settings, sender: sender(request), now };
  if (request.method === 'POST' && pathname === `/offers/${settings.offer}/calls`)
    return taken(await acceptCall(await bodyOf(request, MAX_BODY_BYTES), counter), settings);
  if (request.method === 'POST' && kind === 'tickets' && rest === undefined)
    return redeem(request, name, counter);
  const answered = await forward(request, settings);
  if (
    answered.status === 404 &&
    request.method === 'GET' &&
    kind === 'calls' &&
    rest === undefined
  ) {
    // A call that was taken a moment ago may not have been handed over yet.
    const view = await desk.view(name);
    if (view) return json(view);
  }
  return answered;
}

async function redeem(request: Request, ticket: string, counter: Counter): Promise<Response> {
  const body = await bodyOf(request, MAX_REDEMPTION_BYTES);
  const view = await acceptTicket(ticket, body, counter);
  if (view) return taken(view, counter.settings);
  return forward(new Request(request, { body }), counter.settings);
}

/** 202 with the state of a call that was taken, and where to look for it. */
function taken(view: CallView, { publicUrl }: Settings): Response {
  const url = `${publicUrl}/calls/${view.call}`;
  return json({ ...view, url }, 202, { Location: url });
}

function json(value: object, status = 200, headers: Record<string, string> = {}): Response {
  return Response.json(value, { status, headers: { ...ANYONE, ...headers } });
}

function refusal(error: unknown): Response {
  const document = problemDocument(error);
  const known = error instanceof SealrunError;
  if (known) console.log({ message: 'refused', type: error.type, detail: error.message });
  else console.error({ message: 'failed', error: error instanceof Error ? error.stack : '' });
  const headers = { 'Content-Type': MEDIA_TYPE, ...ANYONE, ...(known ? error.headers : {}) };
  return new Response(JSON.stringify(document), { status: Number(document.status), headers });
}

/** The whole body; one byte more than it may have ends the reading. */
async function bodyOf(request: Request, atMost: number): Promise<Uint8Array<ArrayBuffer>> {
  const body = new Uint8Array(atMost);
  let size = 0;
  for await (const piece of request.body ?? []) {
    if (size + piece.length > atMost)
      throw new Malformed(`body: expected at most ${atMost} bytes, got more`);
    body.set(piece, size);
    size += piece.length;
  }
  return body.slice(0, size);
}
