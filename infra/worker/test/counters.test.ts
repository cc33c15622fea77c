// What a call counts against at the edge, and what comes back when it is over.
import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { Counters, type Counted } from '../src/counters.ts';
import type { Limits } from '../src/limits.ts';

const NOW = 1_800_000_000;
const share = { perHour: 2, atOnce: 10, minutesAMonth: 1000 };
const LIMITS: Limits = { perHour: 4, atOnce: 20, minutesAMonth: 1000, minutes: 10, share };
const BUYER: Counted = { holder: 'buyer', sender: 'here', shared: false, ticket: null };

/** Durable Objects' storage over Node's SQLite, as far as the counters use it. */
function storage(): SqlStorage {
  const database = new DatabaseSync(':memory:');
  const exec = (query: string, ...values: (string | number)[]) => {
    const rows = database.prepare(query).all(...values);
    return { toArray: () => rows };
  };
  return { exec } as unknown as SqlStorage;
}

/** How many of so many calls are taken, each of which ends before the next one comes. */
function taken(calls: number): number {
  const counters = new Counters(storage());
  for (let number = 0; number < calls; number += 1) {
    let holders: string[];
    try {
      holders = counters.count(BUYER, LIMITS, NOW);
    } catch {
      return number;
    }
    counters.giveBack({ holders, claimedAt: NOW }, 0, LIMITS);
  }
  return calls;
}

test('refused starts count in their buyer’s hour, so that they are not without end', () => {
  assert.equal(taken(10), 2);
});

test('runs at once and minutes that were not needed come back', () => {
  const counters = new Counters(storage());
  const most = {
    ...LIMITS,
    perHour: 100,
    share: { ...share, perHour: 100, atOnce: 1, minutesAMonth: 12 },
  };
  for (let number = 0; number < 3; number += 1) {
    const holders = counters.count(BUYER, most, NOW);
    assert.throws(() => counters.count(BUYER, most, NOW), /at most 1 of this buyer at once/);
    counters.giveBack({ holders, claimedAt: NOW }, 0, most);
  }
});
