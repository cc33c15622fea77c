// Which run the page shows for a ticket that was used.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Json } from '../../shared/src/json.ts';
import type { Redemption, Ticket } from '../../shared/src/ticket.ts';
import { ownCall, redeemAtService } from '../src/redeem.ts';
import type { Offer } from '../src/service/offer.ts';

const OWN = '5f'.repeat(32);
const OTHER = '7c'.repeat(32);
const redemption: Redemption = { body: {}, call: OWN };
const ticket = (prepaid: Json): Ticket =>
  ({
    id: '1'.repeat(64),
    grant: { audience: 'https://calls.example', prepaid },
  }) as unknown as Ticket;

/** The run that is shown once a service says that the ticket was used for this call. */
function shown(prepaid: Json, call: string): Promise<string> {
  const used = { type: 'urn:sealrun:problem:ticket-used', title: 'Used', status: 409, call };
  const headers = { 'content-type': 'application/problem+json' };
  globalThis.fetch = async () => new Response(JSON.stringify(used), { status: 409, headers });
  return redeemAtService(ticket(prepaid), {} as Offer, redemption);
}

test('C1: a prepaid ticket that was used shows its own call and no other', async () => {
  assert.equal(await shown({ limit: '5' }, OWN), OWN);
  await assert.rejects(shown({ limit: '5' }, OTHER), /a run that is not its own, 7c7c/);
  assert.throws(() => ownCall(ticket({ limit: '5' }), OTHER, OWN), /not its own/);
});

test('a free ticket that was used shows the call that its holder made before', async () => {
  assert.equal(await shown(null, OTHER), OTHER);
});
