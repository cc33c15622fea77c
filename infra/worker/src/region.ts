// The region behind the edge: it answers what the edge does not, and goes on with the calls that the edge took.
import { utf8 } from '../../../web/shared/src/bytes.ts';
import { Unavailable } from '../../../web/shared/src/errors.ts';
import { documentHash, signedFields, WAKE } from '../../../web/shared/src/fields.ts';
import { canonical, type Json } from '../../../web/shared/src/json.ts';
import { sign } from '../../../web/shared/src/mina.ts';
import { offerId, type Offer } from '../../../web/shared/src/offer.ts';
import type { CallView, OfferView } from '../../../web/shared/src/views.ts';
import type { Row } from './claims.ts';
import { send, type Answer } from './outgoing.ts';
import type { Env, Settings } from './settings.ts';

/** Sends a request on as it came, and gives back the answer as it came. */
export async function forward(request: Request, settings: Settings): Promise<Response> {
  const { pathname, search } = new URL(request.url);
  const headers = new Headers(request.headers);
  // For a region that trusts this edge as its proxy; what a client says of itself is dropped.
  headers.set('x-forwarded-for', sender(request));
  const { method } = request;
  // A body that came with one of these means nothing (RFC 9110, 9.3.1), and fetch sends none.
  const body = method === 'GET' || method === 'HEAD' ? null : request.body;
  if (body === null) headers.delete('content-length');
  const to = `${settings.region}${pathname}${search}`;
  try {
    return await fetch(to, { method, headers, body, redirect: 'manual' });
  } catch {
    throw new Unavailable('region: expected an answer, got none');
  }
}

/** The network address that Cloudflare says a request came from. */
export function sender(request: Request): string {
  return request.headers.get('cf-connecting-ip') ?? 'unknown';
}

export class Region {
  readonly #edgeKey: string;
  readonly #settings: Settings;

  constructor(env: Env, settings: Settings) {
    this.#edgeKey = env.EDGE_KEY;
    this.#settings = settings;
  }

  /** The offer as it is now. Throws Unavailable where it is not one that this edge may sell. */
  async offer(): Promise<OfferView> {
    const { offer, edge } = this.#settings;
    const answer = await this.#send('GET', `/offers/${offer}`);
    if (answer.status !== 200)
      throw new Unavailable(`region: expected the offer, got status ${answer.status}`);
    const view = value<OfferView>(answer);
    if ((await offerId(view.document)) !== offer)
      throw new Unavailable('region: expected the offer that was asked for, got another');
    checkSold(view.document, edge);
    return view;
  }

  /** Hands a call of this offer over, also where the Worker sells another by now; the answer is the region's own. */
  async wake(row: Row, offer: Offer): Promise<Answer> {
    const body = utf8(canonical(wakeOf(row, await offerId(offer))));
    const fields = signedFields(
      WAKE,
      offer.network,
      this.#settings.edge,
      await documentHash(WAKE, body),
    );
    const headers = {
      'Content-Type': 'application/json',
      'sealrun-signature': sign(fields, this.#edgeKey),
    };
    return this.#send('POST', '/webhooks/edge', { headers, body });
  }

  /** The call's view; undefined where the region does not show it now. */
  async call(id: string): Promise<CallView | undefined> {
    const answer = await this.#send('GET', `/calls/${id}`);
    return answer.status === 200 ? value<CallView>(answer) : undefined;
  }

  async #send(method: string, path: string, options: RequestInit = {}): Promise<Answer> {
    const { region: origin, unsafeLoopback } = this.#settings;
    try {
      return await send({ origin, unsafeLoopback }, `${origin}${path}`, { ...options, method });
    } catch {
      throw new Unavailable('region: expected an answer, got none');
    }
  }
}

export function value<T>(answer: Answer): T {
  try {
    return JSON.parse(new TextDecoder().decode(answer.body)) as T;
  } catch {
    throw new Unavailable('region: expected JSON, got something else');
  }
}

function wakeOf(row: Row, offer: string): Json {
  const body = JSON.parse(row.body) as Json;
  return {
    sealrun: 1,
    offer,
    call: row.kind === 'call' ? body : null,
    redemption: row.kind === 'redemption' ? body : null,
    claimed_at: row.claimed_at,
    tried_at: row.tried_at,
    start: row.start ?? 'unclear',
    run: row.run,
    detail: row.detail,
    retry_after: row.retry_after,
  };
}

/** An offer is sold in one place: the region refuses those that name an edge, the edge all others. */
function checkSold(offer: Offer, edge: string): void {
  if (offer.edge !== edge)
    throw new Unavailable("offer: expected one that names this edge's key, got another");
  if (offer.prices.length > 0 || !['gitlab', 'github'].includes(offer.source.provider))
    throw new Unavailable('offer: expected one of price 0 at gitlab or github, got another');
}
