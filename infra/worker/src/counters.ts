// What a call counts against: the offer's hour, its runs at once and its month, and the same of each holder.
import { TooMany } from '../../../web/shared/src/errors.ts';
import { TICKET, type Limits, type Share } from './limits.ts';

const HOUR = 3600;
const REQUESTS_PER_MINUTE = 60;
const RUNNING_SECONDS = 60;
/** Longer than any call takes, and than the month that a counter counts in. */
const COUNTER_SECONDS = 62 * 24 * HOUR;
/** The holder of what all buyers have together. */
const ALL = '';

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS counters (
    name TEXT PRIMARY KEY, count INTEGER NOT NULL, until INTEGER NOT NULL
  );
`;

/** Whose shares a call takes. */
export interface Counted {
  /** The buyer; a ticket's is its issuer. */
  holder: string;
  /** The network address that sent it, as a hash. */
  sender: string;
  /** Whether the sender has a share too: keys of an open offer cost nothing. */
  shared: boolean;
  /** The ticket that it redeems, if it redeems one. */
  ticket: string | null;
}

/** Each method is a part of a transaction of its caller's. */
export class Counters {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    sql.exec(SCHEMA);
  }

  /** Counts a call, and tells whose shares it took. Throws TooMany where one of them is used up. */
  count(call: Counted, limits: Limits, now: number): string[] {
    const minute = `minute/${Math.floor(now / 60)}/${call.sender}`;
    this.#take(minute, 1, REQUESTS_PER_MINUTE, now, () => {
      throw new TooMany('calls: expected fewer in a minute, got more', 60);
    });
    const holders = holdersOf(call, limits.share);
    for (const [holder, share] of holders)
      this.#countOne(holder, { ...share, minutes: limits.minutes }, now);
    this.#countOne(ALL, limits, now);
    return holders.map(([holder]) => holder);
  }

  /**
   * Gives back what a call that is over took, but for its hour; of the month, its unused minutes. A start that
   * was refused counts in the hour too: else inputs that the provider refuses are sent without end.
   */
  giveBack(call: { holders: string[]; claimedAt: number }, unused: number): void {
    for (const holder of [ALL, ...call.holders]) {
      this.#give(`running/${holder}`, 1);
      this.#give(`month/${month(call.claimedAt)}/${holder}`, unused);
    }
  }

  /** Removes counters of times that are past. */
  forget(now: number): void {
    this.#sql.exec('DELETE FROM counters WHERE until < ?', now);
  }

  #countOne(holder: string, most: Share & { minutes: number }, now: number): void {
    const { perHour, atOnce, minutesAMonth, minutes } = most;
    const calls = holder === ALL ? `at most ${perHour}` : 'fewer of this buyer';
    this.#take(`hour/${hour(now)}/${holder}`, 1, perHour, now, () => {
      throw new TooMany(`calls: expected ${calls} an hour, got more`, HOUR - (now % HOUR));
    });
    const whose = holder === ALL ? 'of all buyers' : 'of this buyer';
    const tooManyRuns = () => {
      const words = `at most ${atOnce} ${whose} at once, and ${minutesAMonth} minutes a month`;
      throw new TooMany(`runs: expected ${words}, got more`, RUNNING_SECONDS);
    };
    this.#take(`running/${holder}`, 1, atOnce, now, tooManyRuns);
    this.#take(`month/${month(now)}/${holder}`, minutes, minutesAMonth, now, tooManyRuns);
  }

  #take(name: string, more: number, most: number, now: number, refuse: () => void): void {
    const [found] = this.#sql
      .exec<{ count: number }>('SELECT count FROM counters WHERE name = ?', name)
      .toArray();
    if ((found?.count ?? 0) + more > most) refuse();
    this.#sql.exec(
      `INSERT INTO counters (name, count, until) VALUES (?, ?, ?)
       ON CONFLICT (name) DO UPDATE SET count = count + excluded.count, until = excluded.until`,
      name,
      more,
      now + COUNTER_SECONDS,
    );
  }

  #give(name: string, less: number): void {
    this.#sql.exec('UPDATE counters SET count = max(0, count - ?) WHERE name = ?', less, name);
  }
}

function holdersOf(call: Counted, share: Share): [string, Share][] {
  const holders: [string, Share][] = [[call.holder, share]];
  if (call.shared) holders.push([`from ${call.sender}`, share]);
  if (call.ticket) holders.push([`ticket ${call.ticket}`, TICKET]);
  return holders;
}

const hour = (seconds: number): number => Math.floor(seconds / HOUR);
const month = (seconds: number): string => new Date(seconds * 1000).toISOString().slice(0, 7);
