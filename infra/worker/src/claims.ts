// The calls that this edge took, and what is counted of them; each method is one step of one transaction.
import { Conflict, TooMany } from '../../../web/shared/src/errors.ts';
import type { Limits } from './limits.ts';
import type { Start } from './providers/start.ts';

const HOUR = 3600;
/** Whoever sends a start is gone by then; the run of an unclear one is there to be found. */
export const START_LEASE = 90;
const REQUESTS_PER_MINUTE = 60;
const RUNNING_SECONDS = 60;
/** Counters of an hour or a month are of no use after this. */
const COUNTER_SECONDS = 40 * 24 * HOUR;

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS calls (
    id TEXT PRIMARY KEY, account TEXT NOT NULL, holder TEXT NOT NULL, identifier TEXT,
    kind TEXT NOT NULL, body TEXT NOT NULL, claimed_at INTEGER NOT NULL, tried_at INTEGER NOT NULL,
    start TEXT, run INTEGER NOT NULL DEFAULT 0, run_url TEXT NOT NULL DEFAULT '',
    detail TEXT NOT NULL DEFAULT '', state TEXT NOT NULL, handed INTEGER NOT NULL DEFAULT 0,
    attempts INTEGER NOT NULL DEFAULT 0, over INTEGER NOT NULL DEFAULT 0, next_at INTEGER NOT NULL
  );
  CREATE UNIQUE INDEX IF NOT EXISTS identifiers ON calls (account, identifier);
  CREATE INDEX IF NOT EXISTS open_calls ON calls (over, next_at);
  CREATE TABLE IF NOT EXISTS counters (
    name TEXT PRIMARY KEY, count INTEGER NOT NULL, until INTEGER NOT NULL
  );
`;

/** A call that was checked and is to be claimed. */
export interface NewCall {
  id: string;
  account: string;
  /** Whose share of the offer it takes; a ticket's is its issuer's. */
  holder: string;
  identifier: string | null;
  kind: 'call' | 'redemption';
  /** The request's body, as JSON. */
  body: string;
  /** The network address that sent it, as a hash. */
  sender: string;
  /** Whether the sender has a share too: keys of an open offer cost nothing. */
  shared: boolean;
}

/** A call as it is kept. Times are Unix seconds. */
export interface Row extends Record<string, SqlStorageValue> {
  id: string;
  account: string;
  holder: string;
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
  state: string;
  /** 1 once the region goes on with it. */
  handed: number;
  attempts: number;
  over: number;
  next_at: number;
}

export class Claims {
  readonly #storage: DurableObjectStorage;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
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
      this.#checkIdentifier(call);
      this.#count(
        `minute/${Math.floor(now / 60)}/${call.sender}`,
        1,
        REQUESTS_PER_MINUTE,
        now,
        () => {
          throw new TooMany('calls: expected fewer in a minute, got more', 60);
        },
      );
      this.#countHour(call, limits, now);
      this.#countRunning(call, limits, now);
      this.#run(
        `INSERT INTO calls (id, account, holder, identifier, kind, body, claimed_at, tried_at, state, next_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'triggering', ?)`,
        call.id,
        call.account,
        call.holder,
        call.identifier,
        call.kind,
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
    const states = {
      made: 'running',
      refused: 'collecting',
      busy: 'claimed',
      unclear: 'triggering',
    };
    const { run, url, detail } = { run: 0, url: '', detail: '', ...start };
    this.#run(
      `UPDATE calls SET start = ?, run = ?, run_url = ?, detail = ?, state = ?, next_at = ?
       WHERE id = ? AND start IS NULL`,
      start.start,
      run,
      url,
      detail,
      states[start.start],
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

  /** The call is over: what it counted against is given back, but for the minutes that it may have run. */
  over(row: Row, state: string, minutes: number, limits: Limits): void {
    this.#storage.transactionSync(() => {
      if (this.find(row.id)?.over) return;
      const unused = limits.minutes - Math.min(minutes, limits.minutes);
      this.#give(`month/${month(row.claimed_at)}`, unused);
      const never = state === 'never_started';
      if (never) this.#give(`hour/${hour(row.claimed_at)}/${row.holder}`, 1);
      const freed = never && row.kind === 'redemption';
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

  /** Removes counters of times that are past. */
  forget(now: number): void {
    this.#run('DELETE FROM counters WHERE until < ?', now);
  }

  #checkIdentifier({ account, identifier }: NewCall): void {
    if (identifier === null) return;
    const [used] = this.#rows(
      'SELECT * FROM calls WHERE account = ? AND identifier = ?',
      account,
      identifier,
    );
    if (used)
      throw new Conflict(
        `identifier: expected one that no other call of this account has used, got that of call ${used.id}`,
        used.id,
      );
  }

  #countHour(call: NewCall, limits: Limits, now: number): void {
    const name = `hour/${hour(now)}`;
    const over = (expected: string) => () => {
      throw new TooMany(`calls: expected ${expected} an hour, got more`, HOUR - (now % HOUR));
    };
    const { perHour } = limits.share;
    this.#count(`${name}/${call.holder}`, 1, perHour, now, over('fewer of this buyer'));
    if (call.shared)
      this.#count(`${name}/from ${call.sender}`, 1, perHour, now, over('fewer of this buyer'));
    this.#count(name, 1, limits.perHour, now, over(`at most ${limits.perHour}`));
  }

  #countRunning(call: NewCall, limits: Limits, now: number): void {
    const { atOnce, minutesAMonth, minutes, share } = limits;
    const running = this.#number(
      'SELECT count(*) AS n FROM calls WHERE over = 0 AND holder = ?',
      call.holder,
    );
    if (running >= share.atOnce)
      throw new TooMany(
        `runs: expected at most ${share.atOnce} of this buyer at once, got more`,
        RUNNING_SECONDS,
      );
    const tooMany = () => {
      throw new TooMany(
        `runs: expected at most ${atOnce} of all buyers at once, and ${minutesAMonth} minutes a month, got more`,
        RUNNING_SECONDS,
      );
    };
    if (this.#number('SELECT count(*) AS n FROM calls WHERE over = 0') >= atOnce) tooMany();
    this.#count(`month/${month(now)}`, minutes, minutesAMonth, now, tooMany);
  }

  #count(name: string, more: number, most: number, now: number, refuse: () => void): void {
    const before = this.#number('SELECT count AS n FROM counters WHERE name = ?', name);
    if (before + more > most) refuse();
    this.#run(
      `INSERT INTO counters (name, count, until) VALUES (?, ?, ?)
       ON CONFLICT (name) DO UPDATE SET count = count + excluded.count`,
      name,
      more,
      now + COUNTER_SECONDS,
    );
  }

  #give(name: string, less: number): void {
    this.#run('UPDATE counters SET count = max(0, count - ?) WHERE name = ?', less, name);
  }

  #number(query: string, ...values: SqlStorageValue[]): number {
    const [found] = this.#storage.sql.exec<{ n: number }>(query, ...values).toArray();
    return found?.n ?? 0;
  }

  #rows(query: string, ...values: SqlStorageValue[]): Row[] {
    return this.#storage.sql.exec<Row>(query, ...values).toArray();
  }

  #run(query: string, ...values: SqlStorageValue[]): void {
    this.#storage.sql.exec(query, ...values);
  }
}

const hour = (seconds: number): number => Math.floor(seconds / HOUR);
const month = (seconds: number): string => new Date(seconds * 1000).toISOString().slice(0, 7);
