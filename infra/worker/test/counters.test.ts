// What a call counts against at the edge, and what comes back when it is over.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Counters, type Counted } from '../src/counters.ts';
import type { Limits } from '../src/limits.ts';
import { storage } from './storage.ts';

const NOW = 1_800_000_000;
const share = { perHour: 2, atOnce: 10, minutesAMonth: 1000 };
const LIMITS: Limits = { perHour: 4, atOnce: 20, minutesAMonth: 1000, minutes: 10, share };
const BUYER: Counted = { holder: 'buyer', sender: 'here', shared: false, ticket: null };

/** How many of so many calls are taken, each of which ends before the next one comes. */
function taken(calls: number): number {
  const counters = new Counters(storage().sql);
  for (let number = 0; number < calls; number += 1) {
    let holders: string[];
    try {
      holders = counters.count(BUYER, LIMITS, NOW);
    } catch {
      return number;
    }
    counters.giveBack({ holders, claimedAt: NOW }, LIMITS.minutes);
  }
  return calls;
}

test('refused starts count in their buyer’s hour, so that they are not without end', () => {
  assert.equal(taken(10), 2);
});

test('runs at once and minutes that were not needed come back', () => {
  const counters = new Counters(storage().sql);
  const most = {
    ...LIMITS,
    perHour: 100,
    share: { ...share, perHour: 100, atOnce: 1, minutesAMonth: 12 },
  };
  for (let number = 0; number < 3; number += 1) {
    const holders = counters.count(BUYER, most, NOW);
    assert.throws(() => counters.count(BUYER, most, NOW), /at most 1 of this buyer at once/);
    counters.giveBack({ holders, claimedAt: NOW }, most.minutes);
  }
});
