// What a service sells, found without an offer's link: on the first page of its own host, and at a service's address.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { accessibility, fitsWidth, launch, openPage, picture, world } from './browser.mjs';

const here = world();
const hosts = [here.page, here.service, here.evidence];
const shop = `${here.page}#/${here.service}`;
let browser;
let listed;
before(async () => {
  browser = await launch();
  listed = await (await fetch(`${here.service}/offers`)).json();
});
after(() => browser.close());

/** The page with another answer to the list of offers; undefined asks the service itself. */
async function opened(address, answer) {
  const found = await openPage(browser, { hosts });
  if (answer) await found.page.route(/\/offers(\?.*)?$/, (route) => route.fulfill({ json: answer(route.request().url()), headers: { 'Access-Control-Allow-Origin': '*' } }));
  await found.page.goto(address);
  return found;
}

const cards = (page) => page.locator('li.offer');

test('a service’s address lists its offers as cards, each of which leads to its offer', async () => {
  const { page, problems } = await opened(shop);
  await page.getByRole('heading', { level: 1, name: new URL(here.service).host }).waitFor();
  const paid = cards(page).filter({ hasText: 'Build the wasm package' });
  await paid.getByText('5 MINA').waitFor();
  await paid.getByText('Open', { exact: true }).waitFor();
  const { seller } = listed.offers.find(({ offer }) => offer === here.paid);
  assert.equal(await paid.locator('[title]').getAttribute('title'), seller);
  await cards(page).filter({ hasText: 'Try the build, free' }).getByText('Free', { exact: true }).waitFor();
  assert.deepEqual(await accessibility(page), []);
  await picture(page, 'offers');
  await page.setViewportSize({ width: 390, height: 844 });
  assert.ok(await fitsWidth(page));
  await page.getByRole('link', { name: 'Build the wasm package' }).click();
  await page.getByText('What runs').waitFor();
  assert.deepEqual(problems, []);
});

test('the first page lists what its host sells, and a host with files alone shows no list and no fault', async () => {
  const own = await opened(here.page, () => listed);
  await own.page.getByRole('heading', { name: 'Offers here' }).waitFor();
  assert.equal(await cards(own.page).count(), listed.offers.length);
  assert.deepEqual(await accessibility(own.page), []);
  await picture(own.page, 'home');

  const asked = own.page.getByLabel('Address of a service');
  await asked.fill('ci.example');
  await own.page.getByRole('button', { name: 'Open', exact: true }).click();
  await own.page.getByText('Expected the address of a service').waitFor();
  assert.equal(await asked.getAttribute('spellcheck'), 'false');
  await asked.fill(here.service);
  await own.page.getByRole('button', { name: 'Open', exact: true }).click();
  await own.page.getByRole('heading', { level: 1, name: new URL(here.service).host }).waitFor();

  const files = await openPage(browser, { hosts });
  const missing = files.page.waitForResponse((answer) => answer.url().endsWith('/offers'));
  await files.page.goto(here.page);
  assert.equal((await missing).status(), 404);
  await files.page.getByLabel('Address of a service').waitFor();
  assert.equal(await files.page.getByRole('main').getByRole('alert').count(), 0);
  assert.equal(await files.page.getByText('Offers here').count(), 0);
  assert.deepEqual([...own.problems, ...files.problems], []);
});

test('a service that sells nothing now says so calmly, and a closed offer says why', async () => {
  const empty = await opened(shop, () => ({ offers: [], next: null }));
  await empty.page.getByText('Nothing is for sale here now').waitFor();
  assert.equal(await empty.page.getByRole('main').getByRole('alert').count(), 0);
  const [offer] = listed.offers;
  const closed = await opened(shop, () => ({ offers: [{ ...offer, open: false, reason: 'holidays' }], next: null }));
  await cards(closed.page).getByText('Closed', { exact: true }).waitFor();
  await cards(closed.page).getByText('holidays').waitFor();
});

test('a long list goes on when it is asked to, and its texts are text', async () => {
  const [offer] = listed.offers;
  const next = '1'.repeat(64);
  const { page, problems } = await opened(shop, (url) => ({
    offers: [{ ...offer, offer: (url.includes(`after=${next}`) ? '2' : '3').repeat(64), title: '<img src=x onerror=alert(1)>' }],
    next: url.includes('after') ? null : next,
  }));
  await page.getByRole('button', { name: 'Show more' }).click();
  await cards(page).nth(1).waitFor();
  assert.equal(await page.getByRole('button', { name: 'Show more' }).count(), 0);
  assert.equal(await page.locator('#app img').count(), 0);
  assert.deepEqual(problems, []);
});

for (const [name, words, change] of [
  ['no list', 'something else than a list of offers', () => ({ offers: {} })],
  ['a hash of no form', 'offer: expected 64 lower-case hex digits', (offer) => ({ offers: [{ ...offer, offer: '../x' }] })],
  ['a seller who is no key', 'seller: expected a base58 public key', (offer) => ({ offers: [{ ...offer, seller: 'B62' }] })],
  ['a price below nothing', 'amount: expected a decimal number', (offer) => ({ offers: [{ ...offer, prices: [{ ...listed.offers.find(({ prices }) => prices.length > 0).prices[0], amount: '-5' }] }] })],
])
  test(`a service that lists ${name} is refused in words`, async () => {
    const { page, problems } = await opened(shop, () => change(listed.offers[0]));
    await page.getByRole('alert').getByText(words).waitFor();
    assert.equal(await cards(page).count(), 0);
    assert.deepEqual(problems, []);
  });
