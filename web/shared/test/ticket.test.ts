// What a ticket's address holds, and the post box that it may carry.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { base64url, utf8 } from '../src/bytes.ts';
import { readAnswer, readBox, usedFor } from '../src/letters.ts';
import { parseTicket } from '../src/ticket.ts';

const BOX = {
  url: 'https://bucket.example/',
  fields: { key: 'letters/tickets/7c', policy: 'e30' },
};
const encoded = (value: unknown): string => base64url(utf8(JSON.stringify(value)));
const CALL = '7c'.repeat(32);

test('any other number of parts is no ticket', async () => {
  await assert.rejects(parseTicket('#e30.7mX'), /expected three or four parts behind #/);
  await assert.rejects(parseTicket('#e30.7mX.EKE.eyJm.a'), /expected three or four parts behind #/);
});

test('a post box is read as the command reads it', () => {
  assert.deepEqual(readBox(encoded(BOX)), BOX);
});

for (const [name, box] of [
  ['no bucket', { ...BOX, url: 'javascript:alert(1)' }],
  ['a bucket without https', { ...BOX, url: 'http://bucket.example/' }],
  ['no key', { ...BOX, fields: { policy: 'e30' } }],
  ['a field that is no text', { ...BOX, fields: { key: 'a', policy: 1 } }],
  ['a field whose name could end a header', { ...BOX, fields: { key: 'a', 'a"\r\nb': 'c' } }],
  ['a field that is too long', { ...BOX, fields: { key: 'a', policy: 'x'.repeat(4097) } }],
  [
    'too many fields',
    {
      ...BOX,
      fields: {
        key: 'a',
        ...Object.fromEntries(Array.from({ length: 20 }, (_, at) => [`f${at}`, 'x'])),
      },
    },
  ],
  ['more members', { ...BOX, more: 1 }],
  ['too many bytes', { ...BOX, fields: { key: 'a', a: 'x'.repeat(4000), b: 'x'.repeat(4000) } }],
] as const)
  test(`a post box with ${name} is none`, () => {
    assert.throws(() => readBox(encoded(box)), /expected/);
  });

test('an answer names its letter, its status and a body', () => {
  const answer = { letter: CALL, status: 202, headers: {}, body: { call: CALL } };
  const { headers: _, ...kept } = answer;
  assert.deepEqual(readAnswer(utf8(JSON.stringify(answer))), kept);
  for (const wrong of [{ letter: '7c' }, { status: 99 }, { body: [] }, { more: 1 }])
    assert.throws(() => readAnswer(utf8(JSON.stringify({ ...answer, ...wrong }))), /expected/);
});

test('only an answer that took a call, or that says what the ticket was used for, names a call', () => {
  const type = 'urn:sealrun:problem:ticket-used';
  const answer = (status: number, body: Record<string, string>) => ({ letter: CALL, status, body });
  assert.equal(usedFor(answer(202, { call: CALL })), CALL);
  assert.equal(usedFor(answer(409, { type, call: CALL })), CALL);
  assert.equal(
    usedFor(answer(409, { type: 'urn:sealrun:problem:conflict', call: CALL })),
    undefined,
  );
  assert.equal(usedFor(answer(422, { call: CALL })), undefined);
  assert.equal(usedFor(answer(202, { call: '../x' })), undefined);
});
