// Runs that a browser does not know, listed by the service for one signature; receipts that stay in the browser.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { addressOf } from '../../web/shared/src/mina.ts';
import { fund, here, kept, keySaved, main, MINA, opened, saved } from './accounts.mjs';
import { accessibility, connect, fitsWidth, launch, picture } from './browser.mjs';

const offer = `${here.page}#/${here.service}/offers/${here.paid}?note=listed`;
let browser;
// Of its own, so that no other test's limits are moved.
let account;
let call;
before(async () => {
  browser = await launch();
  await fund(addressOf(here.buyer), 10n * MINA);
  const { page, context } = await opened(browser, { secret: here.buyer });
  await connect(page);
  await keySaved(page);
  await page.getByLabel('First deposit').fill('5');
  await main(page, 'Sign and open').click();
  await page.getByText('MINA free for runs').waitFor();
  [, account] = /account\/(B62\w+)/.exec(page.url());
  await page.goto(offer);
  await main(page, 'Sign and run').click();
  await page.getByRole('heading', { name: 'Succeeded' }).waitFor({ timeout: 60_000 });
  [, call] = /calls\/([0-9a-f]{64})/.exec(page.url());
  await context.close();
});
after(() => browser.close());

/** A browser that knows the account and nothing else, on its page. */
async function cold(wallet) {
  const found = await opened(browser, wallet);
  const { page } = found;
  await connect(page);
  await page.getByText('I have opened it before').click();
  await page.getByLabel('Address of the account').fill(account);
  await main(page, 'Look it up').click();
  await page.getByText('MINA free for runs').waitFor();
  return found;
}

const signatures = (wallet) => wallet.asked.filter(({ method }) => method === 'signFields').length;

test('one signature lists all runs and opens private items; a receipt that holds stays in the browser', async () => {
  const wallet = { secret: here.buyer };
  const { page, problems } = await cold(wallet);
  assert.deepEqual(await kept(page, 'activity'), []);
  await main(page, 'List all runs, signed').click();
  await page.getByText(/It lists \d+ run/).waitFor();
  const fields = wallet.asked.at(-1).argument.message;
  assert.equal(fields.length, 6);
  assert.equal(signatures(wallet), 1);
  await page.locator(`a[href$="${call}"]`).click();
  await page.getByRole('heading', { name: 'Succeeded' }).waitFor();
  await page.getByRole('button', { name: /private items/ }).click();
  await page.getByText('openings.json opens every leaf').waitFor();
  assert.equal(signatures(wallet), 1);

  // The service is gone; list and receipt are not.
  await page.route(`${here.service}/**`, (route) => route.abort());
  await page.getByRole('link', { name: 'Activity' }).click();
  const row = page.locator('tr').filter({ has: page.locator(`a[href$="${call}"]`) });
  const [download] = await Promise.all([page.waitForEvent('download'), row.getByRole('button', { name: 'Save receipt' }).click()]);
  const receipt = await readFile(await saved(download), 'utf8');
  assert.equal(receipt, await (await fetch(`${here.service}/calls/${call}/receipt`)).text());
  assert.deepEqual(await accessibility(page), []);
  await picture(page, 'activity-listed');
  await page.setViewportSize({ width: 390, height: 844 });
  assert.ok(await fitsWidth(page));
  assert.deepEqual(problems, []);
});

/** A call as the service lists it. */
const listed = (changes = {}) => ({ call: '1'.repeat(64), offer: here.paid, title: 'A run', price: '0', claimed_at: 1_700_000_000, state: 'succeeded', run: null, reason: null, receipt: null, ...changes });

for (const [name, words, answer] of [
  ['of another account', 'told of another account', () => ({ account: here.account, calls: [], next: null })],
  ['of no account', 'told of another account', () => []],
  ['with a call of no form', 'call: expected 64 lower-case hex digits', () => ({ account, calls: [listed({ call: '../x' })], next: null })],
  ['with a price of no form', 'price: expected a decimal number', () => ({ account, calls: [listed({ price: '-5' })], next: null })],
  ['with a state of no form', 'state: expected a state', () => ({ account, calls: [listed({ state: '<b>' })], next: null })],
])
  test(`a list ${name} is refused and changes nothing`, async () => {
    const { page, problems } = await cold({ secret: here.buyer });
    await page.route('**/calls?*', (route) => route.fulfill({ json: answer(), headers: { 'Access-Control-Allow-Origin': '*' } }));
    await main(page, 'List all runs, signed').click();
    await page.getByRole('alert').getByText(words).waitFor();
    assert.deepEqual(await kept(page, 'activity'), []);
    assert.deepEqual(problems, []);
  });

test('a list without an end is read to its bound, pushes out no run of this browser, and its texts are text', async () => {
  const { page, problems } = await cold({ secret: here.buyer });
  const own = { ...listed({ call: '2'.repeat(64), title: 'bought here' }), service: here.service, inputs: { target: 'docs' }, account, at: 5 };
  await page.evaluate((run) => localStorage.setItem('sealrun:activity', JSON.stringify([run])), own);
  let pages = 0;
  await page.route('**/calls?*', (route) => {
    pages += 1;
    const calls = Array.from({ length: 100 }, (_, at) => listed({ call: (pages * 1000 + at).toString(16).padStart(64, '0'), title: '<img src=x onerror=alert(1)>' }));
    return route.fulfill({ json: { account, calls, next: `9.${'3'.repeat(64)}` }, headers: { 'Access-Control-Allow-Origin': '*' } });
  });
  await main(page, 'List all runs, signed').click();
  await page.getByText('It lists 400 runs').waitFor();
  assert.equal(pages, 4);
  const runs = await kept(page, 'activity');
  assert.equal(runs.length, 200);
  assert.deepEqual(runs.find(({ call: each }) => each === own.call).inputs, { target: 'docs' });
  await page.getByRole('link', { name: 'Activity' }).click();
  await page.getByRole('heading', { name: '200 runs' }).waitFor();
  assert.equal(await page.locator('#app img').count(), 0);
  assert.deepEqual(problems, []);
});
