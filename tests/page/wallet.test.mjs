// What a wallet may do wrong, and what its holder may decide. Nothing is sent where anything is not as it must be.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { connect, launch, openPage, stranger, world } from './browser.mjs';

const here = world();
const hosts = [here.page, here.service, here.evidence];
const offer = `${here.page}#/${here.service}/offers/${here.free}?note=wallet`;
let browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

async function opened(wallet) {
  const found = await openPage(browser, { wallet, hosts });
  await found.page.goto(offer);
  await found.page.getByText('What runs').waitFor();
  return found;
}

async function refused({ page, problems, requests }, words) {
  await page.getByRole('button', { name: 'Sign and run' }).first().click();
  await page.getByText(words).waitFor();
  assert.deepEqual(requests.filter(({ method }) => method === 'POST'), []);
  assert.deepEqual(problems, []);
}

test('declined in the wallet, nothing is sent, and the next try runs', async () => {
  const wallet = { secret: here.buyer };
  const found = await opened(wallet);
  await connect(found.page);
  wallet.answer = (method, answer) => (method === 'signFields' ? { code: 1002, message: 'User rejected' } : answer);
  await refused(found, 'Declined in the wallet');
  wallet.answer = undefined;
  await found.page.getByRole('button', { name: 'Sign and run' }).first().click();
  await found.page.getByText('This run', { exact: true }).waitFor();
  await found.page.reload();
  await found.page.getByRole('heading', { name: 'Succeeded' }).waitFor({ timeout: 60_000 });
  assert.equal(found.requests.filter(({ method }) => method === 'POST').length, 1);
});

test('an account that was switched in the wallet signs nothing for this page', async () => {
  const wallet = { secret: here.buyer };
  const found = await opened(wallet);
  await connect(found.page);
  wallet.answer = (method, answer) => (method === 'signFields' ? { ...answer, publicKey: stranger } : answer);
  await refused(found, 'The wallet signed with another account');
});

test('a signature over something else is not sent', async () => {
  const wallet = { secret: here.buyer };
  const found = await opened(wallet);
  await connect(found.page);
  let first;
  wallet.answer = (method, answer) => {
    if (method !== 'signFields') return answer;
    first ??= answer.signature;
    return { ...answer, signature: first.replace(/.$/, first.endsWith('2') ? '3' : '2') };
  };
  await refused(found, 'The wallet returned a signature over something else');
});

test('a wallet on another network is asked to switch, and refused where it does not', async () => {
  const wallet = { secret: here.buyer, network: 'mina:mainnet' };
  const { page } = await opened(wallet);
  await connect(page);
  assert.equal(wallet.network, 'mina:devnet');
  await page.getByText('Sign and run').first().waitFor();

  const stubborn = { secret: here.buyer, network: 'mina:mainnet' };
  stubborn.answer = (method, answer) => (method === 'switchChain' ? { networkID: 'mina:mainnet' } : answer);
  const other = await opened(stubborn);
  await other.page.getByRole('button', { name: 'Connect wallet' }).first().click();
  await other.page.getByRole('button', { name: 'Auro wallet' }).click();
  await other.page.getByText('The wallet is on another network').waitFor();
});

test('without a wallet the page says so, and a key file does; the key is neither stored nor sent', async () => {
  const { page, problems, requests } = await opened(false);
  await page.getByRole('button', { name: 'Connect wallet' }).first().click();
  await page.getByRole('button', { name: 'Auro wallet' }).click();
  await page.getByText('This browser has no Auro wallet').waitFor();
  const file = (text) => ({ name: 'my.key', mimeType: 'text/plain', buffer: Buffer.from(text) });
  await page.getByLabel('Key file').setInputFiles(file('no key'));
  await page.getByText('This file holds no Mina key').waitFor();
  await page.getByLabel('Key file').setInputFiles(file(`${here.buyer}\n`));
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Sign and run' }).first().click();
  await page.getByRole('heading', { name: 'Succeeded' }).waitFor({ timeout: 60_000 });
  const kept = await page.evaluate(() => JSON.stringify(localStorage));
  assert.ok(!kept.includes(here.buyer));
  assert.ok(!JSON.stringify(requests).includes(here.buyer));
  assert.deepEqual(problems, []);
});

test('a lost answer is asked for again, and a run that nobody answered for stays in the list', async () => {
  const { page } = await opened({ secret: here.buyer });
  let posts = 0;
  await page.route('**/calls', (route) => {
    if (route.request().method() !== 'POST') return route.continue();
    posts += 1;
    return route.abort();
  });
  await connect(page);
  await page.getByRole('button', { name: 'Sign and run' }).first().click();
  await page.getByRole('alert').getByText('The run may have been taken').waitFor();
  assert.equal(posts, 2);
  await page.getByRole('link', { name: 'Activity' }).click();
  await page.getByText('unanswered').waitFor();
});

test('on a phone, inputs that need a look are shown, and so is what the wallet is asked', async () => {
  const wallet = { secret: here.buyer };
  const found = await openPage(browser, { wallet, hosts, viewport: { width: 390, height: 844 } });
  const { page } = found;
  await page.goto(offer);
  await connect(page);
  const bar = page.locator('.bar').getByRole('button', { name: 'Sign and run' });
  await page.getByLabel('Note').fill('NOT THIS');
  await page.getByText('The seller and the CI see everything').scrollIntoViewIfNeeded();
  await bar.click();
  await page.waitForFunction(() => document.activeElement?.getAttribute('name') === 'note');
  assert.ok(await inView(page.getByLabel('Note')));
  await page.getByLabel('Note').fill('phone');
  wallet.answer = (method, answer) => (method === 'signFields' ? { code: 1002, message: 'User rejected' } : answer);
  await bar.click();
  const says = page.getByText('Declined in the wallet. Nothing was signed and nothing was sent.');
  await says.waitFor();
  assert.ok(await inView(says));
});

/** True if it lies within the window, clear of the bar at its bottom. */
async function inView(locator) {
  const { y, height } = await locator.boundingBox();
  return y >= 0 && y + height <= 844 - 60;
}

test('the whole way by keyboard alone', async () => {
  const wallet = { secret: here.buyer };
  const { page } = await opened(wallet);
  const press = async (role, name) => {
    for (let tabs = 0; tabs < 60; tabs += 1) {
      await page.keyboard.press('Tab');
      const found = await page.evaluate(() => document.activeElement?.textContent ?? '');
      if (found === name) return page.keyboard.press('Enter');
    }
    assert.fail(`no ${role} ${name} within 60 tabs`);
  };
  await press('button', 'Connect wallet');
  await press('button', 'Auro wallet');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await press('button', 'Sign and run');
  await page.getByText('This run', { exact: true }).waitFor();
});
