// The desk of one offer, a Durable Object: it claims each call once, starts its run once, and hands it over.
//
//   claimed and trying ──▶ made | refused | busy | unclear ──▶ handed over ──▶ over
//
// A claim is on disk before its start leaves, so a desk that dies anywhere between leaves a row that says how far
// it came. Its alarm goes on from there: a start of which nothing is known is handed over as unclear, and the
// region looks for its run by name. Nothing is started here a second time.
import { DurableObject } from 'cloudflare:workers';
import type { Parent } from '../../../web/shared/src/call.ts';
import { OfferClosed, SealrunError, Unavailable } from '../../../web/shared/src/errors.ts';
import type { Inputs } from '../../../web/shared/src/inputs.ts';
import type { Offer } from '../../../web/shared/src/offer.ts';
import type { CallView, OfferView } from '../../../web/shared/src/views.ts';
import { Claims, START_LEASE, type NewCall, type Row } from './claims.ts';
import { openCredential } from './credential.ts';
import { limitsOf } from './limits.ts';
import type { Answer } from './outgoing.ts';
import { githubStart } from './providers/github.ts';
import { gitlabStart } from './providers/gitlab.ts';
import { PAUSE_SECONDS, startRun, withoutInputs, type Start } from './providers/start.ts';
import { Region, value } from './region.ts';
import { readSettings, type Env, type Settings } from './settings.ts';
import { asRefusal, type Refusal } from './refusal.ts';

/** How long the region's word that an offer is open is good for. */
const OPEN_SECONDS = 60;
const LOOK_SECONDS = 30;
/** Under which name the offer's document is on disk; its hash names it, so it never changes. */
const DOCUMENT = 'offer';
const LONGEST_PAUSE = 300;
const AT_MOST = 20;
/** A region that has not gone on with a call for so long is asked no more. */
const GIVE_UP_SECONDS = 7 * 24 * 3600;
const OVER = ['succeeded', 'failed', 'never_started', 'expired'];

export type Found<T> = { found: T } | { refused: Refusal };

export class Desk extends DurableObject<Env> {
  readonly #settings: Settings;
  readonly #claims: Claims;
  readonly #region: Region;
  readonly #starting = new Set<string>();
  #seen: { view: OfferView; at: number } | undefined;
  #document: Offer | undefined;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#settings = readSettings(env);
    this.#claims = new Claims(ctx.storage);
    this.#region = new Region(env, this.#settings);
  }

  /** The offer as it is now or was a minute ago. */
  async offer(): Promise<Found<OfferView>> {
    return answered(async () => {
      if (!this.#seen || seconds() >= this.#seen.at + OPEN_SECONDS) {
        this.#seen = { view: await this.#region.offer(), at: seconds() };
        await this.#keep(this.#seen.view.document);
      }
      return this.#seen.view;
    });
  }

  /** The offer's document, open or not; once it was read, the region is not needed for it. */
  async sold(): Promise<Found<Offer>> {
    return answered(() => this.#soldOffer());
  }

  /** The view of a call that was taken here; null for any other. */
  async view(id: string): Promise<CallView | null> {
    const row = this.#claims.find(id);
    if (!row) return null;
    const there = row.handed ? await this.#region.call(id).catch(() => undefined) : undefined;
    return there ?? this.#viewOf(row);
  }

  /** The call that this account made under the identifier here, by its id; null for none. */
  async named(account: string, identifier: string): Promise<string | null> {
    return this.#claims.named(account, identifier)?.id ?? null;
  }

  /** Claims a checked call and starts its run, or tells how it stands if it was claimed before. */
  async take(call: NewCall, inputs: Inputs): Promise<Found<CallView>> {
    return answered(async () => {
      const offer = await this.#openOffer();
      const { row, first } = this.#claims.claim(call, limitsOf(offer), seconds());
      if (first) {
        await this.#schedule();
        this.#starting.add(row.id);
        try {
          const start = withoutInputs(await this.#start(offer, row.id, inputs), offer);
          this.#claims.started(row.id, start, seconds());
        } finally {
          this.#starting.delete(row.id);
        }
        await this.#schedule();
      }
      return this.#viewOf(this.#claims.find(row.id) ?? row);
    });
  }

  /** Takes the next step of every call that is due. */
  override async alarm(): Promise<void> {
    for (const row of this.#claims.due(seconds(), AT_MOST)) {
      try {
        await this.#advance(row);
      } catch (error) {
        const detail = error instanceof SealrunError ? error.message : 'unexpected';
        console.warn({ message: 'put off', call: row.id, detail });
        this.#putOff(row);
      }
    }
    this.#claims.forget(seconds());
    await this.#schedule();
  }

  async #advance(row: Row): Promise<void> {
    if (row.handed) return this.#look(row);
    if (row.start === null) {
      if (this.#starting.has(row.id)) return this.#claims.again(row.id, seconds() + START_LEASE);
      this.#claims.started(row.id, { start: 'unclear', detail: 'the edge ended' }, seconds());
    }
    const offer = await this.#soldOffer();
    return this.#handOver(this.#claims.find(row.id) ?? row, offer);
  }

  async #handOver(row: Row, offer: Offer): Promise<void> {
    const answer = await this.#region.wake(row, offer);
    if (answer.status === 202) {
      const { state } = value<CallView>(answer);
      console.log({ message: 'handed over', call: row.id, state });
      return this.#claims.handedOver(row.id, state, seconds() + LOOK_SECONDS);
    }
    const { status } = answer;
    console.error({ message: 'not handed over', call: row.id, status, detail: detailOf(answer) });
    return this.#putOff(row);
  }

  /** The call's next step is tried again, or no more; of one that was handed over the region knows the end. */
  #putOff(row: Row): void {
    const { state, handed } = this.#claims.find(row.id) ?? row;
    if (seconds() > row.claimed_at + GIVE_UP_SECONDS)
      return this.#claims.over(row, handed ? state : 'failed', 0);
    return this.#claims.again(row.id, seconds() + pause(row.attempts));
  }

  /** Looks whether a call that was handed over has ended, for what it counts against is then free again. */
  async #look(row: Row): Promise<void> {
    const view = await this.#region.call(row.id);
    if (!view) return this.#putOff(row);
    if (!OVER.includes(view.state))
      return this.#claims.again(row.id, seconds() + pause(row.attempts + 3));
    const finished = Number(view.receipt?.data.finished_at ?? row.claimed_at);
    const minutes =
      view.state === 'never_started' ? 0 : Math.ceil((finished - row.claimed_at) / 60);
    const most = limitsOf(await this.#soldOffer()).minutes;
    this.#claims.over(row, view.state, Math.max(0, most - minutes));
  }

  async #start(offer: Offer, id: string, inputs: Inputs): Promise<Start> {
    try {
      const { source } = offer;
      const token = openCredential(this.env.CREDENTIAL, this.#settings.offer, source);
      const named = { ...inputs, sealrun_call: id };
      const make = source.provider === 'gitlab' ? gitlabStart : githubStart;
      const { unsafeLoopback } = this.#settings;
      return await startRun(make(source, token, named), { origin: source.origin, unsafeLoopback });
    } catch (error) {
      // Nothing was sent, and the region may have a credential that opens.
      if (error instanceof Unavailable)
        return { start: 'busy', detail: error.message, retryAfter: PAUSE_SECONDS };
      throw error;
    }
  }

  /** What is known here of a call, in the region's words. */
  #viewOf(row: Row): CallView {
    return viewOf(row, this.#settings.offer, this.#seen?.view.runs_public === true);
  }

  async #openOffer(): Promise<Offer> {
    const { document, open, reason } = await this.#shownOffer();
    if (!open)
      throw new OfferClosed(`offer: expected an open offer, got one that takes no call: ${reason}`);
    return document;
  }

  async #soldOffer(): Promise<Offer> {
    this.#document ??= await this.ctx.storage.get<Offer>(DOCUMENT);
    return this.#document ?? (await this.#shownOffer()).document;
  }

  async #keep(document: Offer): Promise<void> {
    if (!this.#document) await this.ctx.storage.put(DOCUMENT, document);
    this.#document = document;
  }

  async #shownOffer(): Promise<OfferView> {
    const shown = await this.offer();
    if ('refused' in shown) throw new Unavailable(shown.refused.detail);
    return shown.found;
  }

  async #schedule(): Promise<void> {
    const next = this.#claims.nextAt();
    if (next !== undefined) await this.ctx.storage.setAlarm(Math.max(next * 1000, Date.now()));
  }
}

function viewOf(row: Row, offer: string, shown: boolean): CallView {
  const refused = row.start === 'refused' ? `the provider refused: ${row.detail}` : null;
  return {
    call: row.id,
    offer,
    state: row.state,
    claimed_at: row.claimed_at,
    depth: depthOf(row.body),
    run: row.run ? { id: row.run, url: row.run_url, public: shown } : null,
    progress: null,
    reason: refused,
    receipt: null,
  };
}

/** 0 too for a call that is over, of which the region tells: its request is kept no longer. */
function depthOf(body: string): number {
  if (body === '') return 0;
  const { parent } = JSON.parse(body) as { parent?: Parent };
  return parent?.depth ?? 0;
}

/** The region's words for a refusal; a proxy before it has none. */
function detailOf(answer: Answer): string | undefined {
  try {
    return value<{ detail?: string } | null>(answer)?.detail;
  } catch {
    return undefined;
  }
}

async function answered<T>(ask: () => Promise<T>): Promise<Found<T>> {
  try {
    return { found: await ask() };
  } catch (error) {
    return { refused: asRefusal(error) };
  }
}

function pause(attempts: number): number {
  return Math.min(5 * 2 ** Math.min(attempts, 10), LONGEST_PAUSE);
}

const seconds = (): number => Math.floor(Date.now() / 1000);
