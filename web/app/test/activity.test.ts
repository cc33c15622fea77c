// What this browser keeps of its runs, whatever other services say of them.
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { activity, merge, noteState, remember, type Bought } from '../src/state/activity.ts';
import { emptyBrowser } from './browser.ts';

const run: Bought = {
  call: '1'.repeat(64),
  service: 'https://service.example',
  offer: '2'.repeat(64),
  title: 'Say hello',
  price: '5',
  inputs: { greeting: 'hello' },
  account: 'B62',
  at: 7,
  state: 'running',
};
const elsewhere = { ...run, service: 'https://other.example', state: 'failed', inputs: null };

beforeEach(() => {
  emptyBrowser();
  remember(run);
});

test('a link to another service says nothing of a run that was bought here', () => {
  noteState(elsewhere.service, run.call, 'failed');
  assert.deepEqual(activity(), [run]);
  noteState(run.service, run.call, 'succeeded');
  assert.deepEqual(activity(), [{ ...run, state: 'succeeded' }]);
});

test('a list of another service says nothing of it either', () => {
  merge([elsewhere]);
  assert.deepEqual(activity(), [run]);
  merge([{ ...run, inputs: null, state: 'succeeded' }]);
  assert.deepEqual(activity(), [{ ...run, state: 'succeeded' }]);
});

test('a run stays, whatever its service writes where its state belongs', () => {
  for (const state of [undefined, null, 7, {}]) {
    noteState(run.service, run.call, state);
    assert.deepEqual(activity(), [run]);
  }
  noteState(run.service, run.call, 'x'.repeat(5_000_000));
  assert.deepEqual(activity(), [{ ...run, state: 'x'.repeat(40) }]);
});

test('runs that a service lists make room for those that are bought here', () => {
  const listed = Array.from({ length: 300 }, (_, at) => ({
    ...elsewhere,
    call: String(at).padStart(64, '0'),
    at: 1_000_000 + at,
  }));
  merge(listed);
  const next = { ...run, call: '3'.repeat(64), at: 8 };
  remember(next);
  assert.equal(activity().length, 200);
  assert.deepEqual(
    activity().filter(({ inputs }) => inputs !== null),
    [next, run],
  );
});
