// A ticket of a seller who runs no server: its use is dropped as a letter, and the page waits for the seller's tick.
// The bucket is a stub here; tests/spine/test_tick.py sells by letters over a real one.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, test } from 'node:test';
import { base64url, utf8 } from '../../web/shared/src/bytes.ts';
import { fieldHex } from '../../web/shared/src/fields.ts';
import { grantFields, readGrant } from '../../web/shared/src/grant.ts';
import { canonical } from '../../web/shared/src/json.ts';
import { addressOf, newKey, sign } from '../../web/shared/src/mina.ts';
import { accessibility, fitsWidth, launch, openPage, picture, world } from './browser.mjs';

const here = world();
const hosts = [here.page, here.service, here.evidence];
const open = { 'Access-Control-Allow-Origin': '*' };
let browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

/** The address of a ticket for the free offer, with a box for its letter. */
async function ticket(seconds = 3600) {
  const secret = newKey();
  const grant = {
    sealrun: 1, audience: here.service, network: 'mina:devnet', offer: here.free, terms: '0'.repeat(64), key: addressOf(secret),
    issuer: addressOf(here.buyer), inputs: { target: 'wasm' }, open: ['note'], until: Math.floor(Date.now() / 1000) + seconds, prepaid: null,
  };
  const document = canonical(grant);
  const read = await readGrant(utf8(document));
  const box = { url: `${here.service}/bucket`, fields: { key: `letters/tickets/${fieldHex(read.hash)}`, 'Content-Type': 'application/json', policy: 'e30' } };
  const parts = [base64url(utf8(document)), sign(grantFields(read), here.buyer), secret, base64url(utf8(JSON.stringify(box)))];
  return { address: `${here.page}#${parts.join('.')}`, name: `tickets/${fieldHex(read.hash)}`, secret };
}

/** The page of a ticket whose bucket takes letters with this status; `answer` is what a tick makes of one, once it is set. */
async function opened({ address, name }, status = 204) {
  const found = await openPage(browser, { hosts });
  const bucket = { letters: [], answer: undefined };
  await found.page.route('**/bucket', (route) => {
    const [, letter] = /filename="letter"[\s\S]*?\r\n\r\n([\s\S]*?)\r\n--/.exec(route.request().postData()) ?? [];
    bucket.letters.push(letter);
    return route.fulfill({ status, headers: open });
  });
  await found.page.route(`**/answers/${name}`, (route) => {
    const told = bucket.answer?.(bucket.letters.at(-1));
    return told ? route.fulfill({ json: told, headers: open }) : route.fulfill({ status: 403, headers: open });
  });
  await found.page.goto(address);
  return { ...found, bucket };
}

const answerTo = (letter, status, body) => ({ letter: createHash('sha256').update(letter).digest('hex'), status, headers: {}, body });
const use = (page) => page.getByRole('button', { name: 'Use the ticket' });

test('a ticket is dropped as a letter, waited for after a reload too, and leads to its run', async () => {
  const own = await ticket();
  const { page, bucket, problems, requests } = await opened(own);
  await page.getByLabel('Note').fill('by-letter');
  await use(page).click();
  await page.getByText('Waiting for the seller’s next tick').waitFor();
  assert.deepEqual(await accessibility(page), []);
  await picture(page, 'letter');
  await page.reload();
  await page.getByText('Waiting for the seller’s next tick').waitFor();
  assert.equal(await use(page).count(), 0);
  assert.equal(bucket.letters.length, 1);
  assert.deepEqual(JSON.parse(bucket.letters[0]).inputs, { note: 'by-letter' });
  await page.setViewportSize({ width: 390, height: 844 });
  assert.ok(await fitsWidth(page));

  bucket.answer = (letter) => answerTo(letter, 202, { call: '0'.repeat(64) });
  await page.waitForURL(/#\/.*\/calls\/[0-9a-f]{64}$/);
  assert.ok(!JSON.stringify(requests).includes(own.secret));
  assert.ok(!(await page.evaluate(() => JSON.stringify(localStorage))).includes(own.secret));
  assert.deepEqual(problems, []);
});

test('a letter that the seller’s functions refuse says why, and the next one may be right', async () => {
  const { page, bucket } = await opened(await ticket());
  bucket.answer = (letter) => letter && answerTo(letter, 422, { type: 'urn:sealrun:problem:inputs-refused', title: 'The inputs do not fit', detail: 'note: expected another' });
  await use(page).click();
  await page.getByRole('alert').getByText('note: expected another').waitFor();
  await use(page).waitFor();
  bucket.answer = undefined;
  await use(page).click();
  await page.getByText('Waiting for the seller’s next tick').waitFor();
  assert.equal(bucket.letters.length, 2);
  assert.notEqual(bucket.letters[0], bucket.letters[1]);
});

test('a ticket that was used elsewhere leads to the run that it was used for', async () => {
  const call = '7c'.repeat(32);
  const { page, bucket } = await opened(await ticket());
  bucket.answer = (letter) => letter && answerTo(letter, 409, { type: 'urn:sealrun:problem:ticket-used', title: 'used', call });
  await use(page).click();
  await page.waitForURL(new RegExp(`/calls/${call}$`));
});

test('a ticket that is over leads to the run that it was used for, though its box takes no letter any more', async () => {
  const call = '7c'.repeat(32);
  const { page, bucket } = await opened(await ticket(-60), 403);
  bucket.answer = () => ({ letter: 'ab'.repeat(32), status: 202, headers: {}, body: { call } });
  await page.getByRole('button', { name: 'Show its run' }).click();
  await page.waitForURL(new RegExp(`/calls/${call}$`));
});

for (const [letters, words] of [
  [null, 'takes tickets alone'],
  [{ url: `${here.service}/bucket`, fields: { key: 'letters' } }, 'The command drops them there'],
])
  test(`an offer of a seller without a server ${words}`, async () => {
    const { page, problems } = await openPage(browser, { hosts });
    await page.route(`**/offers/${here.free}`, async (route) => {
      const answer = await route.fetch();
      return route.fulfill({ response: answer, json: { ...(await answer.json()), letters } });
    });
    await page.goto(`${here.page}#/${here.service}/offers/${here.free}`);
    await page.getByText(words).waitFor();
    assert.ok(await page.getByRole('button', { name: 'Connect wallet' }).last().isDisabled());
    assert.deepEqual(problems, []);
  });

test('a box that is over says so, and nothing is waited for', async () => {
  const { page } = await opened(await ticket(), 403);
  await use(page).click();
  await page.getByRole('alert').getByText('box may be over').waitFor();
  await page.reload();
  await use(page).waitFor();
});
