// A receipt or a file that somebody changed on the way: the broken claim stands where the success would.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { accessibility, connect, launch, openPage, picture, stranger, world } from './browser.mjs';

const here = world();
const hosts = [here.page, here.service, here.evidence];
let browser;
let address;
before(async () => {
  browser = await launch();
  const { page, context } = await openPage(browser, { wallet: { secret: here.buyer }, hosts });
  await page.goto(`${here.page}#/${here.service}/offers/${here.free}?note=tamper`);
  await connect(page);
  await page.getByRole('button', { name: 'Sign and run' }).first().click();
  await page.getByRole('heading', { name: 'Succeeded' }).waitFor({ timeout: 60_000 });
  address = page.url();
  await context.close();
});
after(() => browser.close());

/** The page of the run, with each answer to `pattern` changed by `change`. */
async function changed(pattern, change) {
  const found = await openPage(browser, { hosts });
  await found.page.route(pattern, async (route) => {
    const answer = await route.fetch();
    const body = await change(Buffer.from(await answer.body()));
    await route.fulfill({ response: answer, body });
  });
  await found.page.goto(address);
  return found;
}

const json = (change) => (body) => {
  const value = JSON.parse(body);
  change(value);
  return JSON.stringify(value);
};

async function broken({ page, problems }, words) {
  await page.getByRole('alert').getByText('Do not rely on this run').waitFor();
  await page.getByRole('alert').getByText(words).waitFor();
  await page.getByRole('heading', { name: 'Not verified' }).waitFor();
  assert.equal(await page.getByRole('heading', { name: 'Succeeded' }).count(), 0);
  assert.deepEqual(problems, []);
}

test('a stranger to the run checks it all the same', async () => {
  const { page } = await openPage(browser, { hosts });
  await page.goto(address);
  await page.getByRole('heading', { name: 'Succeeded' }).waitFor();
  await page.getByText('the buyer keeps them').waitFor();
});

test('one changed byte of one file', async () => {
  const found = await changed(`${here.evidence}/**`, (body) => {
    if (body.length === 25_600) body[0] ^= 1;
    return body;
  });
  await broken(found, /1 of \d+ files differ from what was signed/);
  assert.deepEqual(await accessibility(found.page), []);
  await picture(found.page, 'broken');
});

test('a file that the service no longer has', async () => {
  await broken(
    await changed('**/evidence', json((view) => view.files.splice(view.files.findIndex(({ name }) => name.endsWith('lib.wasm')), 1))),
    /expected the file, got none/,
  );
});

test('another end, which the oracle did not sign', async () => {
  await broken(
    await changed('**/receipt', json((receipt) => (receipt.data.status = 2))),
    /signature: expected one that holds/,
  );
});

test('a receipt that another key signed', async () => {
  const found = await changed('**/receipt', json((receipt) => (receipt.publicKey = stranger)));
  await broken(found, /^oracle: expected/);
});

test('evidence of another call', async () => {
  const found = await changed('**/evidence', json((view) => (view.documents['call.json'] = view.documents['call.json'].replace(/"nonce":"./, '"nonce":"x'))));
  await broken(found, /nonce/);
});

for (const name of ['call.json', 'offer.json'])
  test(`evidence without ${name} says nothing of the run`, async () => {
    const { page } = await changed('**/evidence', json((view) => delete view.documents[name]));
    await page.getByText(`The service leaves out ${name}`).waitFor();
    assert.equal(await page.getByRole('heading', { name: 'Succeeded' }).count(), 0);
  });

test('a run that this browser bought is judged by the offer that it bought, whatever the service names', async () => {
  const { page } = await openPage(browser, { hosts });
  await page.addInitScript(
    ([call, service, offer]) =>
      localStorage.setItem(
        'sealrun:activity',
        JSON.stringify([{ call, service, offer, title: 'x', price: '0', inputs: {}, account: 'x', at: 1, state: '' }]),
      ),
    [address.slice(-64), here.service, here.paid],
  );
  await page.goto(address);
  await page.getByText('Do not rely on this run').waitFor();
});

test('an offer other than the one asked for is not shown', async () => {
  const { page } = await openPage(browser, { hosts });
  await page.route('**/offers/*', async (route) => {
    const answer = await route.fetch();
    const view = await answer.json();
    view.document.title = 'Another';
    await route.fulfill({ response: answer, json: view });
  });
  await page.goto(`${here.page}#/${here.service}/offers/${here.free}`);
  await page.getByText('The service shows another offer').waitFor();
  assert.equal(await page.getByText('Another', { exact: true }).count(), 0);
});
