// The calls that this edge took, and how far each came; every method is one transaction.
import { Conflict } from '../../../web/shared/src/errors.ts';
import { checkExpiry } from '../../../web/shared/src/signed_call.ts';
import { Counters, type Counted } from './counters.ts';
import type { Limits } from './limits.ts';
import type { Start } from './providers/start.ts';

/**
 * Until then a call that was taken is answered with its state. No request for it can hold any more: a call
 * lasts a day, a ticket 90 days from its redemption.
 */
const KEEP_SECONDS = 100 * 24 * 3600;
/** Rows that one alarm removes; the next one takes the rest. */
const FORGET_AT_ONCE = 1000;

/** Whoever sends a start is gone by then; the run of an unclear one is there to be found. */
export const START_LEASE = 90;

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS calls (
    id TEXT PRIMARY KEY, account TEXT NOT NULL, holders TEXT NOT NULL, identifier TEXT,
    kind TEXT NOT NULL, body TEXT NOT NULL, claimed_at INTEGER NOT NULL, tried_at INTEGER NOT NULL,
    start TEXT, run INTEGER NOT NULL DEFAULT 0, run_url TEXT NOT NULL DEFAULT '',
    detail TEXT NOT NULL DEFAULT '', retry_after INTEGER NOT NULL DEFAULT 0, state TEXT NOT NULL,
    handed INTEGER NOT NULL DEFAULT 0, attempts INTEGER NOT NULL DEFAULT 0,
    over INTEGER NOT NULL DEFAULT 0, next_at INTEGER NOT NULL
  );
  CREATE UNIQUE INDEX IF NOT EXISTS identifiers ON calls (account, identifier);
  CREATE INDEX IF NOT EXISTS open_calls ON calls (over, next_at);
  CREATE INDEX IF NOT EXISTS old_calls ON calls (over, claimed_at);
`;

/** The state of a call after its start, in the words of the region's records. */
const STATES = { made: 'running', refused: 'collecting', busy: 'claimed', unclear: 'triggering' };

/** A call that was checked and is to be claimed. */
export interface NewCall extends Counted {
  id: string;
  account: string;
  identifier: string | null;
  /** The request's body, as JSON. */
  body: string;
  /** When it expires; the region asks whether it held at its claim. */
  until: number;
}

/** A call as it is kept. Times are Unix seconds. */
export interface Row extends Record<string, SqlStorageValue> {
  id: string;
  account: string;
  /** Whose shares it took, as a JSON list. */
  holders: string;
  identifier: string | null;
  kind: 'call' | 'redemption';
  body: string;
  claimed_at: number;
  tried_at: number;
  /** What came of the start; null while it is under way. */
  start: Start['start'] | null;
  run: number;
  run_url: string;
  detail: string;
  retry_after: number;
  state: string;
  /** 1 once the region goes on with it. */
  handed: number;
  attempts: number;
  over: number;
  next_at: number;
}

export class Claims {
  readonly #storage: DurableObjectStorage;
  readonly #counters: Counters;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
    this.#counters = new Counters(storage.sql);
    storage.sql.exec(SCHEMA);
  }

  find(id: string): Row | undefined {
    return this.#rows('SELECT * FROM calls WHERE id = ?', id)[0];
  }

  /** Claims the call and counts it, or gives back the claim that is there: all or nothing, and once. */
  claim(call: NewCall, limits: Limits, now: number): { row: Row; first: boolean } {
    return this.#storage.transactionSync(() => {
      const known = this.find(call.id);
      if (known) return { row: known, first: false };
      checkExpiry(call.until, now);
      this.#checkIdentifier(call);
      const holders = this.#counters.count(call, limits, now);
      this.#run(
        `INSERT INTO calls (id, account, holders, identifier, kind, body, claimed_at, tried_at, state, next_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'triggering', ?)`,
        call.id,
        call.account,
        JSON.stringify(holders),
        call.identifier,
        call.ticket === null ? 'call' : 'redemption',
        call.body,
        now,
        now,
        now + START_LEASE,
      );
      return { row: this.find(call.id) as Row, first: true };
    });
  }

  /** Keeps what came of the start; the call is to be handed over now. */
  started(id: string, start: Start, now: number): void {
    const none = { run: 0, url: '', detail: '', retryAfter: 0 };
    const { run, url, detail, retryAfter } = { ...none, ...start };
    this.#run(
      `UPDATE calls SET start = ?, run = ?, run_url = ?, detail = ?, retry_after = ?, state = ?, next_at = ?
       WHERE id = ? AND start IS NULL`,
      start.start,
      run,
      url,
      detail,
      retryAfter,
      STATES[start.start],
      now,
      id,
    );
  }

  /** The region goes on with the call, which stands so there. */
  handedOver(id: string, state: string, nextAt: number): void {
    this.#run(
      'UPDATE calls SET handed = 1, state = ?, attempts = 0, next_at = ? WHERE id = ?',
      state,
      nextAt,
      id,
    );
  }

  /** Look at the call again then. */
  again(id: string, nextAt: number): void {
    this.#run('UPDATE calls SET attempts = attempts + 1, next_at = ? WHERE id = ?', nextAt, id);
  }

  /** The call is over and left so many of its minutes unused; a ticket whose run never started is good again. */
  over(row: Row, state: string, unused: number): void {
    this.#storage.transactionSync(() => {
      if (this.find(row.id)?.over) return;
      const holders = JSON.parse(row.holders) as string[];
      const call = { holders, claimedAt: row.claimed_at };
      this.#counters.giveBack(call, unused);
      const freed = state === 'never_started' && row.kind === 'redemption';
      this.#run(
        `UPDATE calls SET over = 1, state = ?, identifier = ?, body = '' WHERE id = ?`,
        state,
        freed ? null : row.identifier,
        row.id,
      );
    });
  }

  /** Calls to be looked at, the longest waiting first. */
  due(now: number, atMost: number): Row[] {
    return this.#rows(
      'SELECT * FROM calls WHERE over = 0 AND next_at <= ? ORDER BY next_at LIMIT ?',
      now,
      atMost,
    );
  }

  /** When the next call is to be looked at. */
  nextAt(): number | undefined {
    const found = this.#rows('SELECT min(next_at) AS next_at FROM calls WHERE over = 0')[0];
    return found?.next_at ?? undefined;
  }

  /** Removes counters of times that are past, and calls that ended so long ago that nobody can send them again. */
  forget(now: number): void {
    this.#counters.forget(now);
    this.#run(
      `DELETE FROM calls WHERE id IN (
         SELECT id FROM calls WHERE over = 1 AND claimed_at < ? ORDER BY claimed_at LIMIT ?)`,
      now - KEEP_SECONDS,
      FORGET_AT_ONCE,
    );
  }

  /** The call that this account made under the identifier. */
  named(account: string, identifier: string): Row | undefined {
    const query = 'SELECT * FROM calls WHERE account = ? AND identifier = ?';
    return this.#rows(query, account, identifier)[0];
  }

  #checkIdentifier({ account, identifier }: NewCall): void {
    const used = identifier === null ? undefined : this.named(account, identifier);
    if (used)
      throw new Conflict(
        `identifier: expected one that no other call of this account has used, got that of call ${used.id}`,
        used.id,
      );
  }

  #rows(query: string, ...values: SqlStorageValue[]): Row[] {
    return this.#storage.sql.exec<Row>(query, ...values).toArray();
  }

  #run(query: string, ...values: SqlStorageValue[]): void {
    this.#storage.sql.exec(query, ...values);
  }
}
