// What the desk makes of a region that is ill or gone.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { registerHooks } from 'node:module';
import type { AddressInfo } from 'node:net';
import { after, before, mock, test } from 'node:test';
import Client from 'mina-signer-3';
import { utf8 } from '../../../web/shared/src/bytes.ts';
import { offerId, type Offer } from '../../../web/shared/src/offer.ts';
import { callHash, voucherFields } from '../../../web/shared/src/call.ts';
import { sign } from '../../../web/shared/src/mina.ts';
import { readCall } from '../../../web/shared/src/signed_call.ts';
import { Claims, type NewCall } from '../src/claims.ts';
import { limitsOf } from '../src/limits.ts';
import { readSettings, type Env } from '../src/settings.ts';
import { storage } from './storage.ts';

const OBJECT = `export class DurableObject { constructor(ctx, env) { this.ctx = ctx; this.env = env; } }`;
registerHooks({
  resolve: (name, context, next) =>
    name === 'cloudflare:workers'
      ? { url: `data:text/javascript,${encodeURIComponent(OBJECT)}`, shortCircuit: true }
      : next(name, context),
});
const { acceptCall } = await import('../src/accept.ts');
const { Desk } = await import('../src/desk.ts');

const { privateKey, publicKey } = new Client({ network: 'devnet' }).genKeys();
const offer = {
  network: 'mina:devnet',
  prices: [],
  edge: publicKey,
  access: { open: true, keys: [] },
  quota_per_hour: 10,
  limits: { seconds: 60 },
  inputs: { properties: {} },
  evidence: {},
  source: { provider: 'gitlab' },
} as unknown as Offer;
const CALL: Omit<NewCall, 'until'> = {
  id: 'ab'.repeat(32),
  account: publicKey,
  identifier: null,
  body: '{}',
  holder: publicKey,
  sender: 'here',
  shared: true,
  ticket: null,
};
const DAY = 24 * 3600;

interface Answer {
  status: number;
  body: string;
}
const shown: Answer = {
  status: 200,
  body: JSON.stringify({ document: offer, open: true, reason: null }),
};
/** What the region answers to a request of either kind; it hangs up where there is nothing. */
let answers: { GET?: Answer; POST?: Answer } = {};
let asked = 0;
/** The offers that wakes named. */
let woken: string[] = [];
const region = createServer((request, response) => {
  asked += 1;
  if (request.method === 'POST')
    request.on('data', (body) => woken.push((JSON.parse(String(body)) as { offer: string }).offer));
  const answer = answers[request.method as 'GET' | 'POST'];
  if (answer) response.writeHead(answer.status).end(answer.body);
  else request.socket.destroy();
});
before(() => new Promise<void>((resolve) => region.listen(0, '127.0.0.1', resolve)));
after(() => {
  mock.timers.reset();
  region.close();
});

const seconds = (): number => Math.floor(Date.now() / 1000);

/** A desk with one call whose run was started now; `again` is the desk after it was evicted from memory, or deployed anew. */
async function desk(id = CALL.id) {
  const disk = storage();
  const claims = new Claims(disk);
  claims.claim({ ...CALL, id, until: seconds() + 60 }, limitsOf(offer), seconds());
  claims.started(id, { start: 'made', run: 7, url: '' }, seconds());
  const env = {
    OFFER: await offerId(offer),
    PUBLIC_URL: 'https://edge.example',
    REGION: `http://127.0.0.1:${(region.address() as AddressInfo).port}`,
    EDGE_KEY: privateKey,
    UNSAFE_LOOPBACK: '1',
  } as unknown as Env;
  const ctx = { storage: disk } as unknown as DurableObjectState;
  const again = (told = env) => new Desk(ctx, told);
  return { claims, env, desk: again(), again };
}

for (const [name, given] of Object.entries({
  'answers wakes with a page': { GET: shown, POST: { status: 530, body: '<h1>unreachable</h1>' } },
  'takes wakes with a page': { GET: shown, POST: { status: 202, body: '<h1>parked</h1>' } },
  'refuses wakes': { GET: shown, POST: { status: 503, body: '{"detail": "put off"}' } },
  'hangs up on wakes': { GET: shown },
  'is gone': {},
}))
  test(`a region that ${name} is asked for seven days, and then no more`, async () => {
    mock.timers.reset();
    mock.timers.enable({ apis: ['Date'], now: Date.now() });
    answers = given;
    const { claims, desk: edge } = await desk();
    for (const [days, once, over] of [
      [6, true, 0],
      [2, true, 1],
      [2, false, 1],
    ] as const) {
      mock.timers.setTime(Date.now() + days * DAY * 1000);
      asked = 0;
      await edge.alarm();
      assert.deepEqual([asked > 0, claims.find(CALL.id)?.over], [once, over]);
    }
    assert.equal((await edge.view(CALL.id))?.state, 'failed');
  });

for (const [name, answer] of Object.entries({
  'knows nothing of a call': { status: 404, body: '{}' },
  'is ill': { status: 503, body: '{}' },
}))
  test(`L11: a region that took a call and then ${name} holds its shares for seven days, and no longer`, async () => {
    mock.timers.reset();
    mock.timers.enable({ apis: ['Date'], now: Date.now() });
    answers = { GET: shown };
    const { claims, desk: edge } = await desk();
    await edge.offer();
    claims.handedOver(CALL.id, 'running', seconds());
    answers = { GET: answer };
    for (const [days, over] of [
      [6, 0],
      [2, 1],
    ] as const) {
      mock.timers.setTime(Date.now() + days * DAY * 1000);
      await edge.alarm();
      assert.equal(claims.find(CALL.id)?.over, over);
    }
    assert.equal(claims.find(CALL.id)?.state, 'running', 'the region knew last how it stands');
  });

test('calls that ended are kept as long as anybody can send them again, and no longer', async () => {
  mock.timers.reset();
  mock.timers.enable({ apis: ['Date'], now: Date.now() });
  answers = {};
  const { claims, desk: edge } = await desk();
  const goesOn = 'cd'.repeat(32);
  claims.claim({ ...CALL, id: goesOn, until: seconds() + 60 }, limitsOf(offer), seconds());
  claims.over(claims.find(CALL.id)!, 'succeeded', 0);
  for (const [days, kept] of [
    [91, true],
    [10, false],
  ] as const) {
    mock.timers.setTime(Date.now() + days * DAY * 1000);
    claims.forget(seconds());
    assert.equal(claims.find(CALL.id) !== undefined, kept);
  }
  assert.notEqual(claims.find(goesOn), undefined, 'one that is not over stays');
  assert.equal(await edge.view(CALL.id), null);
});

test('a call that was taken is answered with its state while the region is gone', async () => {
  mock.timers.reset();
  const expires_at = seconds() + 60;
  const body = {
    account: publicKey,
    inputs: {},
    salt: '1'.repeat(64),
    nonce: '2'.repeat(32),
    expires_at,
  };
  const { id } = await readCall(body, offer, BigInt(`0x${await offerId(offer)}`));
  const { desk: before, again, env } = await desk(id);
  answers = { GET: shown };
  await before.offer();
  answers = {};
  const counter = { settings: readSettings(env), sender: 'here', now: seconds() };
  const send = (value: object) => {
    const stub = again() as unknown as DurableObjectStub<InstanceType<typeof Desk>>;
    return acceptCall(utf8(JSON.stringify(value)), { ...counter, desk: stub });
  };
  assert.equal((await send(body)).call, id);
  await assert.rejects(
    send({ ...body, salt: '3'.repeat(64) }),
    /region: expected an answer, got none/,
  );
});

test('L15: a call that was taken is handed over as one of its own offer where the Worker sells the next one', async () => {
  mock.timers.reset();
  const { claims, desk: before, env, again } = await desk();
  answers = { GET: shown };
  await before.offer();
  answers = { POST: { status: 202, body: '{"state": "running"}' } };
  woken = [];
  const next = { ...offer, title: 'the next one' } as unknown as Offer;
  await again({ ...env, OFFER: await offerId(next) }).alarm();
  assert.deepEqual(woken, [await offerId(offer)]);
  assert.equal(claims.find(CALL.id)?.handed, 1);
});

/** What a buyer sends; `changes` are signed too. */
async function signedBody(changes: Record<string, unknown> = {}) {
  const offerHash = BigInt(`0x${await offerId(offer)}`);
  const value = {
    account: publicKey,
    inputs: {},
    salt: '1'.repeat(64),
    nonce: '2'.repeat(32),
    expires_at: seconds() + 60,
    limit: '0',
    ...changes,
  };
  const { call } = await readCall({ ...value }, offer, offerHash);
  const fields = voucherFields(call, await callHash(call), 0n);
  return { ...value, signature: sign(fields, privateKey) };
}

/** Sends a call to a desk whose provider cannot be asked; `late` passes while the region is asked. */
async function sent(body: object, { late = 0 } = {}) {
  const { claims, desk: edge, env } = await desk('ef'.repeat(32));
  answers = { GET: shown };
  await edge.offer();
  const take = edge.take.bind(edge);
  edge.take = (call, inputs) => {
    mock.timers.setTime(Date.now() + late * 1000);
    return take(call, inputs);
  };
  const counter = { settings: readSettings(env), sender: 'here', now: seconds() };
  const stub = edge as unknown as DurableObjectStub<InstanceType<typeof Desk>>;
  const answer = await acceptCall(utf8(JSON.stringify(body)), { ...counter, desk: stub }).catch(
    (error: unknown) => error as Error,
  );
  const taken = claims.due(Number.MAX_SAFE_INTEGER, 10).filter((row) => row.id !== 'ef'.repeat(32));
  return { answer, taken };
}

const TICKETS = Buffer.from('sealrun:ticket-1').toString('hex');
for (const [name, changes, late, refusal] of [
  ['has the salt of a ticket', { salt: TICKETS.padEnd(64, '0') }, 0, /got a ticket's/],
  ['names no list of what it reads', { reads: null }, 0, /reads: expected a list/],
  ['expires before it is claimed', {}, 60, /expires_at: expected later than/],
] as const)
  test(`L15: no run is started for a call that its region would refuse, as one that ${name}`, async () => {
    mock.timers.reset();
    mock.timers.enable({ apis: ['Date'], now: Date.now() });
    const signed = await signedBody('salt' in changes ? changes : {});
    const { answer, taken } = await sent({ ...signed, ...changes }, { late });
    assert.deepEqual(taken, []);
    assert.match((answer as Error).message, refusal);
  });

test('a call that holds is taken until the second in which it expires', async () => {
  mock.timers.reset();
  mock.timers.enable({ apis: ['Date'], now: Date.now() });
  const { taken } = await sent(await signedBody(), { late: 59 });
  assert.equal(taken.length, 1);
});

const CLOSED = { found: { document: offer, open: false, reason: 'the tag moved' } };
const ILL = { refused: { type: 'unavailable', detail: 'gone', retryAfter: 0, call: '' } };
for (const [name, told] of Object.entries({ 'closes its offer': CLOSED, 'is ill': ILL }))
  test(`L10: a duplicate that overlaps the claim is told the call's state where the region ${name}`, async () => {
    mock.timers.reset();
    const body = utf8(JSON.stringify(await signedBody()));
    const { desk: edge, env } = await desk('ef'.repeat(32));
    answers = { GET: shown };
    const counter = { settings: readSettings(env), sender: 'here', now: seconds() };
    const send = (offer: () => Promise<unknown>) => {
      const [sold, view, take] = [edge.sold, edge.view, edge.take].map((of) => of.bind(edge));
      const stub = { sold, view, take, offer } as unknown as DurableObjectStub<typeof edge>;
      return acceptCall(body, { ...counter, desk: stub });
    };
    await assert.rejects(send(async () => told));
    const copies: string[] = [];
    const late = await send(async () => {
      copies.push((await send(() => edge.offer())).call);
      return told;
    });
    assert.deepEqual([late.call], copies);
  });
