// Texts of a seller who means harm, links that want to act by themselves, and services that answer nonsense.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { offerId } from '../../web/shared/src/offer.ts';
import { accessibility, fitsWidth, launch, openPage, world } from './browser.mjs';

const here = world();
const hosts = [here.page, here.service, here.evidence];
let browser;
let document;
before(async () => {
  browser = await launch();
  ({ document } = await (await fetch(`${here.service}/offers/${here.paid}`)).json());
});
after(() => browser.close());

/** The page of an offer with these changes, whose hash is its own. */
async function shown(change, options = {}) {
  const hostile = structuredClone(document);
  change(hostile);
  const hash = await offerId(hostile).catch(() => '0'.repeat(64)); // prices of no form have no hash
  const found = await openPage(browser, { hosts, ...options });
  await found.page.route(`**/offers/${hash}`, (route) =>
    route.fulfill({ json: { offer: hash, open: true, reason: null, document: hostile, accepts: [] }, headers: { 'Access-Control-Allow-Origin': '*' } }),
  );
  await found.page.goto(`${here.page}#/${here.service}/offers/${hash}`);
  return found;
}

test('markup in every text is text', async () => {
  const markup = '<img src=x onerror=alert(1)><script>alert(2)</script><a href="javascript:alert(3)">x</a>';
  const { page, problems } = await shown((offer) => {
    offer.title = markup;
    offer.inputs.properties.note.title = markup;
    offer.inputs.properties.note.description = markup.repeat(20);
    offer.inputs.properties.note.default = 'a';
    offer.source.origin = 'javascript:alert(1)//';
    offer.source.configuration.path = markup;
    offer.source.configuration.includes = [markup];
    offer.evidence.outputs = [markup];
    offer.success = { jobs: [markup] };
  });
  await page.getByRole('heading', { level: 1, name: markup }).waitFor();
  assert.equal(await page.locator('#app img, #app script, #app a[href^=javascript]').count(), 0);
  await page.setViewportSize({ width: 390, height: 844 });
  assert.ok(await fitsWidth(page));
  assert.deepEqual(await accessibility(page), []);
  assert.deepEqual(problems, []);
});

test('a pattern that would run for ever does not hold up the page', async () => {
  const { page } = await shown((offer) => (offer.inputs.properties.note.pattern = '^(a+)+b$'));
  await page.getByLabel('Note').fill('a'.repeat(40));
  await page.getByLabel('Threads').fill('9');
  await page.getByText('The value is greater than the maximum of 8.').waitFor();
});

for (const [name, change] of [
  ['no source', (offer) => delete offer.source],
  ['terms of no form', (offer) => (offer.terms.seller = 'B62')],
  ['a price that is no number', (offer) => (offer.prices[0].amount = 5)],
  ['patterns that are no list', (offer) => (offer.evidence.outputs = { length: 1e9 })],
  ['a kind of input that there is not', (offer) => (offer.inputs.properties.note = { type: 'object' })],
])
  test(`an offer with ${name} is refused in words`, async () => {
    const { page, problems } = await shown(change);
    await page.getByRole('heading', { level: 1, name: 'This offer cannot be shown' }).waitFor();
    assert.deepEqual(problems, []);
  });

test('a link opens no wallet and sends nothing, wherever it leads', async () => {
  const wallet = { secret: here.buyer };
  const { page, problems, requests } = await openPage(browser, { wallet, hosts });
  const links = [
    `#/${here.service}/offers/${here.free}?note=x&target=native&threads=4&release=true&run=1&account=B62`,
    `#/open/${here.service}/offers/${here.paid}?deposit=1000&node=https://evil.example`,
    `#/account/${here.account}`,
    '#/http://evil.example/offers/' + here.free,
    '#/https://user:pass@evil.example/offers/' + here.free,
    '#/javascript:alert(1)',
    '#//evil.example',
    '#/offers/short',
    '#' + 'a'.repeat(30_000),
    '#x.y.z',
  ];
  for (const link of links) {
    await page.goto(here.page + link);
    await page.getByRole('main').getByText(/.{10}/).first().waitFor();
  }
  assert.deepEqual(wallet.asked, []);
  assert.deepEqual(requests.filter(({ method }) => method !== 'GET'), []);
  assert.deepEqual(problems, []);
});

test('a service that answers nonsense is told from one that does not answer', async () => {
  for (const [body, words] of [
    ['<html>', 'answered with something else than JSON'],
    [`[${' '.repeat(25 << 20)}]`, 'expected at most'],
    [null, 'does not answer'],
  ]) {
    const { page, context } = await openPage(browser, { hosts });
    await page.route('**/offers/*', (route) =>
      body === null
        ? route.abort()
        : route.fulfill({ body, headers: { 'Access-Control-Allow-Origin': '*' } }),
    );
    await page.goto(`${here.page}#/${here.service}/offers/${here.free}`);
    await page.getByRole('alert').getByText(words).waitFor();
    await context.close();
  }
});

// Next.js writes no digests of what its loader adds later, and the guide says so.
if (!process.env.SEALRUN_PAGE) test('a part of the page that its host changed is not run', async () => {
  const { page, problems } = await openPage(browser, { hosts });
  const changed = [];
  await page.goto(here.page);
  await page.getByRole('heading', { level: 1 }).waitFor();
  await page.route('**/app-*.js', async (route) => {
    const answer = await route.fetch();
    changed.push(route.request().url());
    await route.fulfill({ response: answer, body: `window.changed = true;${await answer.text()}` });
  });
  await page.getByRole('link', { name: 'Activity' }).click();
  await page.getByRole('heading', { name: 'This part of the page could not be loaded' }).waitFor();
  assert.ok(changed.length > 0);
  assert.equal(await page.evaluate(() => window.changed), undefined);
  assert.ok(problems.length > 0 && problems.every((problem) => /digest|dynamically imported/.test(problem)), problems.join('\n'));
});
