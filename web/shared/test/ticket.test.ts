// What the page says of a ticket that it cannot redeem.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseTicket } from '../src/ticket.ts';

test('a ticket that carries a post box is for the command, and the page says so', async () => {
  await assert.rejects(
    parseTicket('#e30.7mX.EKE.eyJm'),
    /redeemed by a letter.*sealrun redeem URL/,
  );
});

test('any other number of parts is no ticket', async () => {
  await assert.rejects(parseTicket('#e30.7mX'), /expected three parts behind #/);
  await assert.rejects(parseTicket('#e30.7mX.EKE.eyJm.a'), /expected three parts behind #/);
});
