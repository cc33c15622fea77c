// A ticket that was used names its call, whatever else it would be refused for.
import assert from 'node:assert/strict';
import { registerHooks } from 'node:module';
import { test } from 'node:test';
import { utf8 } from '../../../web/shared/src/bytes.ts';
import { problemDocument } from '../../../web/shared/src/problems.ts';
import type { Counter } from '../src/accept.ts';

registerHooks({
  resolve: (name, context, next) =>
    name === 'cloudflare:workers'
      ? { url: 'data:text/javascript,export class DurableObject {}', shortCircuit: true }
      : next(name, context),
});
const { acceptTicket } = await import('../src/accept.ts');

// Made by `tests/sealrun/calls/test_ticket.py`: a ticket of price 0 that ends 601 s after NOW.
const NOW = 1_800_000_000;
const TICKET = '058d11f4240cd3d718a375270104886021cc4bd8e8c0a39cb9f19e29d9e908e5';
const BODY = {
  grant:
    'eyJhdWRpZW5jZSI6Imh0dHBzOi8vY2FsbHMudGVzdCIsImlucHV0cyI6eyJsYXllciI6ImJvdGgifSwiaXNzdWVyIjoiQjYycW5pYjRyc0REWFVyV2tLRXdVZ1lEeVNlaDRoV0M3aFd2b3VQZ284eHI0akxpWmNjU3c2TSIsImtleSI6IkI2MnFydlE0WGZlQVA5THV5Y25yVEdYaDlyR2JiNHR0V0FvVTFmdUQ0MzdjOHZ1Q2lvY3NqeGEiLCJuZXR3b3JrIjoibWluYTpkZXZuZXQiLCJvZmZlciI6IjA0ZWYwZDViYmQxZGNlZjI4MWY2MjdhNjM2ODcxODY4NjE1NmNmYWY5YWRmOWRiMmRhNTBiODM1ODE3MzA3NDUiLCJvcGVuIjpbImxldmVsIl0sInByZXBhaWQiOm51bGwsInNlYWxydW4iOjEsInRlcm1zIjoiMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMCIsInVudGlsIjoxODAwMDAwNjAxfQ',
  signature:
    '7mXAaSFpvHWVYsCUueZ7zjfU9AsxTuR7vC3YfqZYG4Z7QZHJbxd1iL85awBwqnxd7g8SZ96oGiPk34xCzfoUjzTmWMJSiFh1',
  expires_at: 1800000600,
  proof:
    '7mXW1v5MqV6Q4DuQEzhJnbfRNnoK4hSJupHFJU59ZFWsQkQEog2SfTy35fUZvBJzQoPfvnBRnKxzAQ2BgRr8fJBpUkY9VZqw',
  inputs: {},
  salt: 'cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd',
  nonce: '00000000000000000000000000000001',
};
const ANOTHERS =
  '7mXKRapPst1zDEWb2qsgjSWhWG2UgiwspjA39vbJjapANTyzTJZSC1fvM8tTJavb4oDijeX6ioRwEjGBzAzsJ4kDhvBU4N4w';
const USED = 'ab'.repeat(32);

/** What an edge that has the ticket's call, or none, answers to its redemption. */
async function answer(
  used: string | null,
  now: number,
  open: boolean,
  changes: object = {},
  views: object[] = [],
) {
  const reason = open ? null : 'the tag moved';
  const desk = {
    view: async () => views.pop() ?? null,
    offer: async () => ({ found: { document: {}, open, reason } }),
    named: async () => used,
  };
  const settings = {
    offer: '04ef0d5bbd1dcef281f627a6368718686156cfaf9adf9db2da50b83581730745',
    publicUrl: 'https://calls.test',
  };
  const counter = { desk, settings, sender: 'here', now } as unknown as Counter;
  return acceptTicket(TICKET, utf8(JSON.stringify({ ...BODY, ...changes })), counter);
}

for (const [name, now, open] of [
  ['its time is over', NOW + 700, true],
  ['its offer is closed', NOW, false],
] as const)
  test(`E4: a ticket that was used names its call also where ${name}, to whoever has its key`, async () => {
    const shown = { type: 'urn:sealrun:problem:ticket-used', call: USED };
    assert.partialDeepStrictEqual(await answer(USED, now, open).catch(problemDocument), shown);
    await assert.rejects(answer(null, now, open), { type: open ? 'expired' : 'offer-closed' });
    await assert.rejects(answer(USED, now, open, { proof: ANOTHERS }), { type: 'not-allowed' });
  });

test("L10: a redemption that a duplicate claimed meanwhile is told its call's state", async () => {
  const views = [{ call: USED }, null] as object[];
  assert.deepEqual(await answer(USED, NOW, false, {}, views), { call: USED });
});
