// An input that names an offer: the page shows what it is, asks no stranger's server unasked, and signs for none out of bounds.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { accessibility, launch, openPage, world } from './browser.mjs';

const here = world();
const hosts = [here.page, here.service];
const address = `${here.page}#/${here.service}/offers/${here.asking}`;
const written = (offer) => `${new URL(here.service).host.replace(':', '+')}/offers/${offer}`;
let browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

async function opened(at = address) {
  const found = await openPage(browser, { hosts });
  await found.page.goto(at);
  await found.page.getByLabel('Builder').waitFor();
  return found;
}

test('the named offer is shown with its title and price, whether as URL or as it is signed', async () => {
  const { page, problems } = await opened();
  for (const given of [`${here.service}/offers/${here.paid}`, written(here.paid)]) {
    await page.getByLabel('Builder').fill(given);
    await page.getByText('The job calls Build the wasm package').waitFor();
    await page.getByText('The seller pays 5 MINA a run for it').waitFor();
  }
  await page.getByLabel('Builder').fill(written(here.free));
  await page.getByText('The job calls Try the build, free').waitFor();
  await page.getByText('It costs nothing').waitFor();
  assert.deepEqual(await accessibility(page), []);
  assert.deepEqual(problems, []);
});

test('another hash than any offer’s, and another form, are said at the field', async () => {
  const { page, problems } = await opened();
  await page.getByLabel('Builder').fill(written('0a'.repeat(32)));
  await page.locator('.field .wrong').waitFor();
  await page.getByLabel('Builder').fill('Build the wasm package');
  await page.getByText('Offer: expected HOST/offers/OFFER').or(page.getByText('letter or digit')).first().waitFor();
  assert.deepEqual(problems, []);
});

test('a link that names an offer elsewhere has its server asked by nobody who did not ask for it', async () => {
  const elsewhere = `stranger.example/offers/${here.paid}`;
  const { page, problems, requests } = await opened(`${address}?builder=${encodeURIComponent(elsewhere)}`);
  await page.getByRole('button', { name: 'Show the offer at stranger.example' }).waitFor();
  await page.waitForTimeout(300);
  assert.deepEqual(requests.filter(({ url }) => url.includes('stranger')), []);
  assert.deepEqual(problems, []);
});
