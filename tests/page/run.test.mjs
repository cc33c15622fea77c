// Buying a run for money, from a link to a receipt, in a real browser.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { accessibility, connect, fitsWidth, launch, openPage, picture, world } from './browser.mjs';

const here = world();
const hosts = [here.page, here.service, here.evidence, here.node];
const offer = `${here.page}#/${here.service}/offers/${here.paid}`;
let browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

test('a buyer with a link runs, reads the receipt and sees private items, and every page is accessible', async () => {
  let confirm;
  const confirmed = new Promise((resolve) => (confirm = resolve));
  let gate = confirmed;
  const wallet = {
    secret: here.buyer,
    answer: async (method, answer) => (method === 'signFields' && (await gate), answer),
  };
  const { page, problems, requests } = await openPage(browser, { wallet, hosts });
  const look = async (name) => {
    assert.deepEqual(await accessibility(page), [], name);
    await picture(page, name);
  };

  await page.goto(`${offer}?note=hello-there&release=true&nothing=1`);
  await page.getByRole('heading', { level: 1, name: 'Build the wasm package' }).waitFor();
  await page.getByText('if the run succeeds').waitFor();
  assert.equal(await page.getByLabel('Note').inputValue(), 'hello-there');
  assert.equal(await page.getByText('from the link').count(), 2);
  assert.deepEqual(wallet.asked, []);
  await look('offer');

  await page.getByLabel('Threads').fill('9');
  await page.getByLabel('Settings').fill('{"level":');
  await page.getByText('The value is greater than the maximum of 8.').waitFor();
  await page.getByText('Expected a JSON object').waitFor();
  await look('wrong-inputs');
  await page.getByLabel('Threads').fill('4');
  await page.getByLabel('Settings').fill('{"level": 3}');
  await page.getByRole('tab', { name: 'Command' }).click();
  await page.getByText('--input threads=4').waitFor();
  await look('command');
  await page.getByRole('tab', { name: 'Form' }).click();

  await connect(page);
  await page.getByLabel('or name one that is open').fill(here.account);
  await page.getByRole('button', { name: 'Sign and run' }).first().click();
  await page.getByText('Compare with your wallet').waitFor();
  // The highest limit is kept before the wallet answers.
  const [kept] = await stored(page, 'accounts');
  assert.equal(kept.highest, '5000000000');
  const { argument } = wallet.asked.find(({ method }) => method === 'signFields');
  const shown = await page.locator('.numerals .mono').evaluateAll((all) => all.map((one) => one.title));
  assert.deepEqual(shown, argument.message);
  // Beside the tag of payments, network, account and asset.
  assert.equal(shown[5], '5000000000');
  await look('signing');
  assert.equal(requests.filter(({ method }) => method === 'POST').length, 0);

  confirm();
  await page.getByText('You may close this page').waitFor();
  await page.locator('.steps .now').filter({ hasText: 'Running' }).waitFor();
  // The seller's project is private: nobody is sent to a page that asks for a login.
  assert.equal(await page.getByRole('link', { name: 'pipeline' }).count(), 0);
  await look('running');
  await page.getByRole('heading', { name: 'Succeeded' }).waitFor({ timeout: 60_000 });
  await page.getByRole('heading', { name: /^Files/ }).waitFor();
  assert.equal(await page.locator('.claims .broken').count(), 0);
  await page.getByText('exactly what you chose').waitFor();
  await page.getByRole('img', { name: /Flame graph/ }).waitFor();
  await look('receipt');

  let confirmRight;
  gate = new Promise((resolve) => (confirmRight = resolve));
  await page.getByRole('button', { name: /private items/ }).click();
  await page.getByText('It shows 7 bare numbers').waitFor();
  const right = wallet.asked.at(-1).argument.message;
  assert.deepEqual(await page.locator('.numerals .mono').evaluateAll((all) => all.map((one) => one.title)), right);
  confirmRight();
  await page.getByText('openings.json opens every leaf').waitFor();
  await page.getByText('building wasm with 4 threads, release=true').first().waitFor();
  await look('private-items');
  const search = page.getByRole('searchbox');
  await search.fill('libz');
  await page.getByText(/of the samples have a function named like/).waitFor();
  await search.fill('');

  await page.reload();
  await page.getByText('exactly what you chose').waitFor();
  for (const [name, colorScheme, width] of [
    ['receipt-dark', 'dark', 1280],
    ['receipt-narrow', 'light', 390],
  ]) {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width, height: 844 });
    assert.ok(await fitsWidth(page), name);
    await look(name);
  }
  await page.goto(`${offer}?note=hello-there`);
  await page.getByText('What runs').waitFor();
  assert.ok(await fitsWidth(page));
  await look('offer-phone');
  await page.setViewportSize({ width: 1280, height: 900 });
  // The page counts what it bought: the service lists the receipt, and the oracle's signature holds here.
  await page.getByRole('button', { name: 'Count its receipts' }).click();
  await page.getByText(/^[0-9]+ runs? on .*: [1-9][0-9]* good/).waitFor();

  await page.getByRole('link', { name: 'Activity' }).click();
  await page.getByText('succeeded').waitFor();
  await look('activity');
  await page.getByRole('link', { name: 'Accounts' }).click();
  await connect(page);
  await page.getByRole('button', { name: 'Ask the service, signed' }).click();
  await page.getByText('Due in all, signed by the oracle').waitFor();
  await look('accounts');
  assert.deepEqual(problems, []);
  const sent = JSON.stringify(requests);
  assert.ok(!sent.includes(here.buyer));
  // The Mina node is asked by POST, too.
  assert.equal(requests.filter(({ method, url }) => method === 'POST' && url !== here.node).length, 1);
});

test('a browser that remembers nothing is corrected once, by its own earlier signature', async () => {
  const wallet = { secret: here.buyer };
  const { page, problems } = await openPage(browser, { wallet, hosts });
  await page.goto(`${offer}?note=fail`);
  await connect(page);
  await page.getByLabel('or name one that is open').fill(here.account);
  await page.getByRole('button', { name: 'Sign and run' }).first().click();
  await page.getByRole('heading', { name: 'Failed' }).waitFor({ timeout: 60_000 });
  await page.getByText('0 MINA due').waitFor();
  assert.equal(await page.locator('.claims .broken').count(), 0);
  const limits = wallet.asked
    .filter(({ method }) => method === 'signFields')
    .map(({ argument }) => argument.message[5]);
  assert.deepEqual(limits, ['5000000000', '10000000000']);
  const [kept] = await stored(page, 'accounts');
  assert.deepEqual([kept.highest, kept.refused.length], ['10000000000', 1]);
  assert.equal((await stored(page, 'activity')).length, 1);
  assert.deepEqual(problems, []);
});

test('a browser that denies its storage shows offers all the same, and says why nothing is signed', async () => {
  const wallet = { secret: here.buyer };
  const { page, problems } = await openPage(browser, { wallet, hosts });
  // As Chromium does where somebody blocks cookies.
  await page.addInitScript(() => {
    const get = () => {
      throw new DOMException('denied', 'SecurityError');
    };
    Object.defineProperty(window, 'localStorage', { get });
  });
  await page.goto(`${here.page}#/${here.service}/offers/${here.free}?note=denied`);
  await connect(page);
  await page.getByRole('button', { name: 'Sign and run' }).first().click();
  await page.getByText('This browser does not let the page keep anything').waitFor();
  await page.goto(`${here.page}#/activity`);
  await page.getByRole('heading', { level: 1, name: 'Activity' }).waitFor();
  assert.deepEqual(problems, []);
});

function stored(page, name) {
  return page.evaluate((key) => JSON.parse(localStorage.getItem(`sealrun:${key}`)), name);
}
