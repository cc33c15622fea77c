// Buying a run with credits, from a link to a receipt, in a real browser.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { accessibility, connect, fitsWidth, launch, openPage, picture, world } from '../browser.mjs';

const here = world();
const hosts = [here.page, here.service, here.node];
const offer = `${here.page}#/${here.service}/offers/${here.paid}?greeting=hello`;
let browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

test('a buyer with a link pays a run with one credit and one signature, and sees the account in its symbol', async () => {
  const wallet = { secret: here.buyer };
  const { page, problems, requests } = await openPage(browser, { wallet, hosts });
  const look = async (name) => {
    assert.deepEqual(await accessibility(page), [], name);
    await picture(page, name);
  };

  await page.goto(offer);
  // MINA comes first; the other price is chosen.
  await page.getByText('MINA if the run succeeds').waitFor();
  await payInRuns(page);
  await page.getByText('RUN if the run succeeds').waitFor();
  await page.getByText('RUN, as the seller calls it').waitFor();
  const commands = await page.locator('aside pre').allTextContents();
  assert.match(commands[0], new RegExp(`sealrun open \\S+/offers/${here.paid}[^]*--asset RUN --deposit 4[^]*--node ${here.node}`));
  assert.match(commands[1], new RegExp(`sealrun credits buy ${here.token} 4 --ask ASK[^]*--into \\S+/offers/${here.paid}`));
  await look('credits-offer');
  await page.setViewportSize({ width: 390, height: 844 });
  assert.ok(await fitsWidth(page));
  await page.setViewportSize({ width: 1280, height: 900 });

  await page.getByLabel('or name one that is open').fill(here.account);
  await connect(page);
  await page.getByRole('tab', { name: 'Command' }).click();
  await page.getByText('--asset RUN').waitFor();
  await page.getByRole('tab', { name: 'Form' }).click();
  await page.getByRole('button', { name: 'Sign and run' }).first().click();
  await page.getByRole('heading', { name: 'Succeeded' }).waitFor({ timeout: 60_000 });
  await page.getByText('1 RUN due').waitFor();
  await page.getByText('1 RUN if it succeeds').waitFor();
  await look('credits-receipt');
  const signed = wallet.asked.filter(({ method }) => method === 'signFields');
  assert.equal(signed.length, 1);
  assert.equal(signed[0].argument.message[5], '1');
  const [kept] = await stored(page, 'accounts');
  assert.deepEqual([kept.highest, kept.unit], ['1', { decimals: 0, symbol: 'RUN' }]);
  assert.equal(requests.filter(({ method, url }) => method === 'POST' && url !== here.node).length, 1);

  await page.getByRole('link', { name: 'Activity' }).click();
  await page.getByRole('cell', { name: '1 RUN', exact: true }).waitFor();
  await page.getByRole('link', { name: 'Accounts' }).click();
  await page.getByText('RUN free for runs').waitFor();
  // Six were bought into it, and one is owed.
  assert.match(await page.locator('.price').innerText(), /^5\s*RUN/);
  await page.getByText('Not checked: that all accounts of the token add up').waitFor();
  await page.getByText(`--asset`).waitFor();
  await look('credits-account');
  await page.getByRole('button', { name: 'Ask the service, signed' }).click();
  await page.getByText('Due in all, signed by the oracle').waitFor();
  assert.deepEqual(problems, []);
});

test('an account that pays in another asset is not taken for a price, and both assets are named', async () => {
  const { page, problems } = await openPage(browser, { wallet: { secret: here.buyer }, hosts });
  await page.goto(offer);
  await payInRuns(page);
  await page.getByLabel('or name one that is open').fill(here.account);
  await connect(page);
  await page.getByRole('button', { name: 'Sign and run' }).first().click();
  await page.getByRole('heading', { name: 'Succeeded' }).waitFor({ timeout: 60_000 });
  await page.goto(offer);
  // The price that the known account pays is chosen; another one needs another account.
  await page.getByText('RUN if the run succeeds').waitFor();
  await page.getByLabel('Pay with').selectOption({ label: '1 MINA' });
  await page.getByLabel('or name one that is open').fill(here.account);
  await page.getByText('Expected an account in MINA of 9 decimals, got one in RUN of 0').waitFor();
  assert.deepEqual(problems, []);
});

test('a price that is dropped is shown and cannot be chosen', async () => {
  const { page, problems } = await openPage(browser, { wallet: { secret: here.buyer }, hosts });
  await page.route(`${here.service}/offers/${here.paid}`, async (route) => {
    const answer = await route.fetch();
    const view = await answer.json();
    const { asset } = view.accepts.find(({ extra }) => extra.symbol === 'RUN');
    view.dropped = [{ asset, symbol: 'RUN', reason: 'it is paused' }];
    view.accepts = view.accepts.filter((one) => one.asset !== asset);
    await route.fulfill({ response: answer, json: view });
  });
  await page.goto(offer);
  await page.getByText('RUN: it is paused').waitFor();
  const options = await page.getByLabel('Pay with').locator('option').evaluateAll((all) => all.map(({ textContent, disabled }) => [textContent, disabled]));
  assert.deepEqual(
    options.map(([text, disabled]) => [text.replace(/token \S+,/, 'token,'), disabled]),
    [['1 MINA', false], ['1 RUN, token, not now', true]],
  );
  await page.getByText('MINA if the run succeeds').waitFor();
  assert.deepEqual(problems, []);
});

test('a15: an account whose token is paused, or named otherwise, is not taken and shows no money', async () => {
  const wallet = { secret: here.buyer };
  const { page } = await openPage(browser, { wallet, hosts });
  let change = () => undefined;
  await page.route(here.node, async (route) => {
    const answer = await route.fetch();
    const told = await answer.json();
    if (told.data?.token) change(told.data.token);
    await route.fulfill({ response: answer, json: told });
  });
  await page.goto(offer);
  await payInRuns(page);
  const field = page.getByLabel('or name one that is open');
  for (const [lie, says] of [
    [(token) => (token.zkappState[0] = '2'), 'token.decimals: expected 0, got 2'],
    [(token) => (token.tokenSymbol = 'RUM'), 'token.symbol: expected RUN, got RUM'],
    [(token) => (token.verificationKey.hash = '7'), 'token.verificationKey.hash: expected'],
  ]) {
    change = lie;
    await field.fill('');
    await field.fill(here.account);
    await page.getByText(says).waitFor();
    assert.equal(await stored(page, 'accounts'), null);
  }
  change = () => undefined;
  await field.fill('');
  await field.fill(here.account);
  await field.waitFor({ state: 'detached' });
  change = (token) => (token.zkappState[3] = '1');
  await page.getByRole('link', { name: 'Accounts' }).click();
  await page.getByText('token: expected one that moves, got RUN, which is paused').waitFor();
  assert.equal(await page.getByText('RUN free for runs').count(), 0);
  assert.equal(wallet.asked.length, 0);
});

test('what was paid on the page is settled in credits, and an exit that it signed is proved and sent', async () => {
  const send = ['--yes', '--key', 'seller.key', '--poll-ms', '200', '--no-proofs'];
  const settled = await sealrun('settle', here.account, '--url', here.service, ...send);
  assert.equal(settled.symbol, 'RUN');
  assert.ok(Number(settled.settled) >= 1);

  const wallet = { secret: here.buyer };
  const { page, problems } = await openPage(browser, { wallet, hosts });
  await page.goto(offer);
  await payInRuns(page);
  await page.getByLabel('or name one that is open').fill(here.account);
  await page.getByLabel('or name one that is open').waitFor({ state: 'detached' });
  await page.getByRole('link', { name: 'Accounts' }).click();
  await connect(page);
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Sign my exit' }).click()]);
  const file = join(await mkdtemp(join(tmpdir(), 'page-')), download.suggestedFilename());
  await download.saveAs(file);
  const left = await sealrun('exit', '--signed', file, ...send);
  assert.equal(left.status, 'included');
  await page.getByRole('button', { name: 'Look again' }).click();
  await page.getByText('Leaving', { exact: true }).first().waitFor();
  await page.getByText(/RUN yours, once the seller has settled/).waitFor();
  assert.deepEqual(problems, []);
});

async function sealrun(...given) {
  const { stdout } = await promisify(execFile)(here.command, given);
  return JSON.parse(stdout);
}

async function payInRuns(page) {
  await page.getByLabel('Pay with').waitFor();
  const all = await page.getByLabel('Pay with').locator('option').allTextContents();
  await page.getByLabel('Pay with').selectOption({ label: all.find((text) => /^1 RUN, token/.test(text)) });
  await page.getByText('RUN, as the seller calls it').waitFor();
}

function stored(page, name) {
  return page.evaluate((key) => JSON.parse(localStorage.getItem(`sealrun:${key}`)), name);
}
