// The catalogue beside the page: searched, filtered and opened, whatever its entries and its file say.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { tokenOf } from '../../web/shared/src/mina.ts';
import { offerId } from '../../web/shared/src/offer.ts';
import { receiptFields } from '../../web/shared/src/receipt.ts';
import Client from 'mina-signer-3';
import { accessibility, fitsWidth, launch, openPage, picture, stranger, world } from './browser.mjs';

const here = world();
const SERVICE = 'https://ci.example';
const hosts = [here.page, SERVICE];
const MINA = 'wSHV2S4qX9jFsLjQo8r1BsMLH2ZRKsZx6EJd1sbozGPieEC4Jf';
const NOW = 1_796_000_000;
const mina = (amount) => ({ asset: MINA, amount, decimals: 9, symbol: 'MINA' });
const token = (amount, symbol = 'RUN') => ({ asset: tokenOf(stranger), amount, decimals: 0, symbol, owner: stranger });
const HISTORY = { runs: 12, good: 11, seconds: 95, timed: 10, lowest: 0, typical: 1, since: NOW - 9e6, until: NOW - 100, more: false, twice: 0 };
const DOCUMENT = {
  title: 'Try the build, free', network: 'mina:devnet', sealrun: 2, prices: [], terms: null, oracle: stranger,
  access: { open: true, keys: [] }, limits: { seconds: 60 },
  inputs: { type: 'object', properties: { target: { type: 'string', title: 'Target', description: 'Which package is built.' } }, additionalProperties: false },
  evidence: { inputs: 'buyer', outputs: [], log: [], symbols: [], probes: [], token: 'buyer', grade: 0, deterministic: false },
  source: {
    provider: 'gitlab', origin: 'https://gitlab.example', project: '7', ref: 'v1', commit: 'a'.repeat(40), tree: 'b'.repeat(40),
    configuration: { path: '.gitlab-ci.yml', sha256: 'c'.repeat(64), includes: [] }, user: 3,
  },
};
let browser;
before(async () => (browser = await launch()));
after(() => browser.close());

let number = 0;
/** An entry of its own offer, with these changes. */
function entry(changes = {}) {
  const offer = changes.offer ?? String(++number).padStart(64, '0');
  return {
    offer,
    url: `${SERVICE}/offers/${offer}`,
    title: 'Say hello',
    provider: 'gitlab',
    source: { repository: 'https://gitlab.example/projects/7', ref: 'refs/tags/v1', commit: 'a'.repeat(40) },
    seller: stranger,
    oracle: stranger,
    proved: false,
    contract: stranger,
    listing: stranger,
    prices: [mina('500000000')],
    grade: 0,
    inputs: [{ name: 'runs', type: 'integer', title: '', description: '' }],
    callers: 'anyone',
    open: true,
    reason: '',
    dropped: [],
    history: null,
    ...changes,
  };
}

const catalogue = (entries, changes = {}) => ({
  version: 1, network: 'mina:devnet', board: stranger, height: 1234, built: Math.floor(Date.now() / 1000),
  listed: entries.length, read: entries.length, failed: {}, entries, ...changes,
});

/** The page with this file beside it; a text is sent as it is. */
async function opened(file, place = '#/catalogue') {
  const found = await openPage(browser, { hosts });
  await found.page.route(here.page, async (route) => {
    const answer = await route.fetch();
    const meta = '<meta name="sealrun:catalogue" content="catalogue.json" />';
    await route.fulfill({ response: answer, body: (await answer.text()).replace('</head>', `${meta}</head>`) });
  });
  await found.page.route('**/catalogue.json', (route) =>
    route.fulfill({ contentType: 'application/json', body: typeof file === 'string' ? file : JSON.stringify(file) }));
  await found.page.goto(here.page + place);
  return found;
}

const cards = (page) => page.locator('li.offer');
const told = (page, words) => page.getByRole('main').getByText(words).waitFor();

test('offers are searched by words, asset, price, provider, grade and input, and one is opened under its hash', async () => {
  const free = await offerId(DOCUMENT);
  const entries = [
    entry({ offer: free, title: 'Try the build, free', prices: [], inputs: [{ name: 'target', type: 'string', title: 'Target', description: 'Which package is built.' }] }),
    entry({ title: 'Benchmark on a big machine', grade: 1, prices: [mina('5000000000'), token('1')], history: HISTORY, provider: 'github', proved: true }),
    entry({ title: 'Benchmark, the small one', prices: [mina('250000000')], callers: 'named', history: { ...HISTORY, runs: 0, good: 0, seconds: null, lowest: null, typical: null, since: null, until: null } }),
    entry({ title: 'Train a model', history: { ...HISTORY, more: true, twice: 2 } }),
  ];
  const { page, problems, requests } = await opened(catalogue(entries, { listed: 9, read: 7, failed: { signature: 2, document: 1 } }));
  await told(page, '4 offers');
  await told(page, '7 of 9 listings were read. 3 that did not pass a check are not shown.');
  const [, big, , train] = await cards(page).allInnerTexts();
  assert.match(big, /^5 MINA or 1 RUN if it succeeds$/m);
  assert.match(big, /^12 runs from .* to .*: 11 good, in 95 s as a rule, grade 1 \(lowest 0\)\.$/m);
  assert.match(train, /^At least 12 runs from .* 2 calls have two different receipts\.$/m);
  await told(page, 'No run is on record yet.');
  await told(page, 'No public history.');
  await page.getByText('Settled by proofs').waitFor();
  await page.getByText('For named keys').waitFor();
  assert.deepEqual(await accessibility(page), []);
  await picture(page, 'catalogue');

  await page.getByLabel('Search').fill('BENCH big');
  await told(page, '1 of 4 offers');
  assert.equal(await page.getByLabel('Search').evaluate((field) => field === document.activeElement), true);
  await page.getByLabel('Search').fill('package is built');
  await cards(page).filter({ hasText: 'Try the build' }).waitFor();
  await page.getByLabel('Search').fill('');
  await page.getByLabel('Paid in').selectOption({ label: 'MINA' });
  await told(page, '3 of 4 offers');
  await page.getByLabel('At most').fill('0.5');
  await told(page, '2 of 4 offers');
  assert.match(await page.evaluate(() => location.hash), /^#\/catalogue\?asset=wSHV.*&price=0\.5$/);
  await page.getByLabel('Paid in').selectOption({ label: `RUN (token of ${stranger.slice(0, 10)}…${stranger.slice(-8)})` });
  await told(page, '1 of 4 offers');
  await page.getByLabel('Paid in').selectOption('');
  await page.getByLabel('Runs at').selectOption('GitHub');
  await told(page, '1 of 4 offers');
  await page.getByLabel('Runs at').selectOption('');
  await page.getByLabel('Least grade').selectOption('Grade 1');
  await told(page, '1 of 4 offers');
  await page.getByLabel('Least grade').selectOption('');
  await page.getByLabel('Has the input').selectOption('target');
  await told(page, '1 of 4 offers');
  assert.equal(requests.filter(({ url }) => url.endsWith('catalogue.json')).length, 1, 'nothing is asked while one looks');
  await page.reload();
  await told(page, '1 of 4 offers');
  await page.setViewportSize({ width: 390, height: 844 });
  assert.ok(await fitsWidth(page));
  await picture(page, 'catalogue-phone');

  let title = 'Another offer';
  await page.route(`${SERVICE}/offers/*`, (route) =>
    route.fulfill({ json: { offer: free, open: true, reason: null, document: { ...DOCUMENT, title }, accepts: [] }, headers: { 'Access-Control-Allow-Origin': '*' } }));
  await page.getByRole('link', { name: 'Try the build, free' }).click();
  await page.getByRole('heading', { level: 1, name: 'This offer cannot be shown' }).waitFor();
  await page.getByText('The service shows another offer').waitFor();
  title = DOCUMENT.title;
  await page.reload();
  await page.getByRole('heading', { level: 1, name: title }).waitFor();
  assert.deepEqual(problems, []);
});

test('a host with a catalogue leads to it, and others name none', async () => {
  const { page, problems } = await opened(catalogue([entry()]), '');
  await page.getByRole('link', { name: 'Search the catalogue' }).click();
  await told(page, '1 offer');
  assert.equal(await page.getByRole('link', { name: 'Catalogue' }).getAttribute('aria-current'), 'page');
  assert.deepEqual(problems, []);
  const without = await openPage(browser, { hosts });
  await without.page.goto(`${here.page}#/catalogue`);
  await without.page.getByRole('heading', { name: 'There is no catalogue here' }).waitFor();
  assert.equal(await without.page.getByRole('link', { name: 'Catalogue' }).count(), 0);
  assert.deepEqual(without.problems, []);
});

test('markup, reversed writing and look-alikes in texts do nothing', async () => {
  const markup = '<img src=x onerror=alert(1)><script>alert(2)</script>';
  const { page, problems } = await opened(catalogue([
    entry({ title: markup, inputs: [{ name: 'a', type: 'string', title: markup, description: '<b onclick=alert(1)>' }] }),
    entry({ title: 'Pay\u202eANIM' }), // right to left from there
    entry({ title: '\u041cINA benchmark' }), // Cyrillic
    entry({ inputs: [{ name: 'a', type: 'string', title: 'zero\u200bwidth', description: '' }] }),
    entry({ prices: [{ ...token('1', 'MINA') }] }),
    entry({ title: 'A token under the id of MINA', prices: [{ ...token('1'), asset: MINA }] }),
  ]));
  await told(page, '3 offers');
  await told(page, '3 that did not pass a check are not shown.');
  await page.getByRole('link', { name: markup }).waitFor();
  assert.equal(await page.locator('#app img, #app script, #app b').count(), 0);
  assert.equal(await page.getByText('Its prices are not of their form.').count(), 2);
  assert.deepEqual(problems, []);
});

test('an address that is no service’s, or of another offer, leads nowhere', async () => {
  const one = '8'.repeat(64);
  const urls = [
    `javascript:alert(1)//offers/${one}`, `http://ci.example/offers/${one}`, `https://user:word@ci.example/offers/${one}`,
    `https://ci.example/offers/${'7'.repeat(64)}`, `https://ci.example/?a=/offers/${one}`, `https://ci.example/#/offers/${one}`, `//evil.example/offers/${one}`, 5,
  ];
  const { page, problems } = await opened(catalogue(urls.map((url) => entry({ offer: one, url }))));
  await told(page, '0 offers');
  await told(page, `${urls.length} that did not pass a check are not shown.`);
  assert.deepEqual(problems, []);
});

test('figures that cannot be are not shown', async () => {
  const wrong = [
    { runs: -1 }, { good: 13 }, { seconds: -95 }, { seconds: 1.5 }, { until: 9_999_999_999_999 }, { lowest: 9 }, { runs: '12' }, { more: 1 }, { runs: 1e300 },
  ].map((change) => entry({ history: { ...HISTORY, ...change } }));
  const more = [{ grade: 4 }, { prices: [mina('-1')] }, { prices: Array(17).fill(mina('1')) }, { prices: { length: 1e9 } }, { inputs: Array(26).fill(entry().inputs[0]) }, { title: '' }, { title: 'x'.repeat(81) }, { offer: 'x' }].map((change) => entry(change));
  const same = '6'.repeat(64);
  const { page } = await opened(catalogue([...wrong, ...more, entry({ offer: same }), entry({ offer: same, title: 'The same again' }), null, 'text', []]));
  await told(page, '1 offer');
  assert.equal(await page.getByText('The same again').count(), 0);
});

test('10,000 entries are searched, and shown as many as one asks for', async () => {
  const many = Array.from({ length: 10_000 }, (_, at) => entry({ title: `Job ${at}`, inputs: [{ name: `in_${at % 500}`, type: 'string', title: '', description: 'd'.repeat(200) }] }));
  const { page, problems } = await opened(catalogue(many));
  await told(page, '10000 offers');
  assert.equal(await cards(page).count(), 30);
  await page.getByRole('button', { name: 'Show more' }).click();
  await cards(page).nth(59).waitFor();
  await page.getByLabel('Search').fill('job 9999');
  await told(page, '1 of 10000 offers');
  assert.equal(await page.getByLabel('Has the input').locator('option').count(), 201);
  assert.deepEqual(problems, []);
});

for (const [name, file, words] of [
  ['of another version', catalogue([], { version: 2 }), 'expected version 1'],
  ['that is no object', '[]', 'expected an object'],
  ['that is no JSON', '<html>', 'something else than JSON'],
  ['that is very deep', '['.repeat(200_000) + ']'.repeat(200_000), 'catalogue'],
  ['that is too large', `"${' '.repeat(33 << 20)}"`, 'expected at most'],
  ['with too many entries', JSON.stringify({ ...catalogue([]), entries: Array(20_001).fill(0) }), 'expected a list of at most'],
  ['without a board', catalogue([], { board: 'B62' }), 'board: expected an address'],
  ['with counts of no form', catalogue([], { failed: { x: -5 } }), 'x: expected a whole number'],
])
  test(`a catalogue ${name} is refused in words`, async () => {
    const { page, problems, context } = await opened(file);
    await page.getByRole('heading', { level: 1, name: 'The catalogue cannot be shown' }).waitFor();
    await page.getByRole('alert').getByText(words).waitFor();
    assert.deepEqual(problems, []);
    await context.close();
  });

test('an old catalogue says so', async () => {
  const { page } = await opened(catalogue([entry()], { built: Math.floor(Date.now() / 1000) - 30 * 86_400 }));
  await told(page, 'This catalogue is 30 days old');
});

test('an offer’s history is counted here, from receipts that its own oracle signed', async () => {
  const signer = new Client({ network: 'devnet' });
  const [oracle, other] = [signer.genKeys(), signer.genKeys()];
  const document = { ...DOCUMENT, oracle: oracle.publicKey, evidence: { ...DOCUMENT.evidence, inputs: 'public' } };
  const hash = await offerId(document);
  const signed = (call, changes = {}, key = oracle) => {
    const data = {
      network: 'mina:devnet', call_hash: String(call), offer_hash: String(BigInt(`0x${hash}`)), source_hash: '2', inputs_hash: '3', outputs_hash: '4',
      profile_hash: '5', status: 1, grade: 1, finished_at: Math.floor(Date.now() / 1000) - 100, ...changes,
    };
    return { data, signature: signer.signFields(receiptFields(data), key.privateKey).signature, publicKey: key.publicKey };
  };
  const good = signed(1);
  const wrong = [
    signed(20, {}, other), signed(21, { offer_hash: '7' }), signed(22, { network: 'mina:mainnet' }), signed(23, { finished_at: 253_370_764_800 }), signed(24, { grade: 2 }),
    { ...signed(25), data: good.data, signature: signed(26).signature }, { ...good, data: { ...good.data, call_hash: '27' } }, { ...good, seconds: -5 }, null, 'x', [],
  ];
  const pages = [
    [good, good, signed(2, { grade: 0 }), signed(3, { status: 2 }), ...wrong],
    [signed(4), signed(5, { status: 2 }), signed(5, { status: 6 })],
  ];
  const found = await openPage(browser, { hosts });
  const { page, problems, requests } = found;
  const allowed = { headers: { 'Access-Control-Allow-Origin': '*' } };
  await page.route(`${SERVICE}/offers/${hash}`, (route) => route.fulfill({ json: { offer: hash, open: true, reason: null, document, accepts: [] }, ...allowed }));
  let answer = (url) => ({ offer: hash, receipts: pages[url.includes('after') ? 1 : 0], next: url.includes('after') ? null : `5.${'0'.repeat(64)}` });
  await page.route(`${SERVICE}/offers/${hash}/receipts*`, (route) => route.fulfill({ json: answer(route.request().url()), ...allowed }));
  await page.goto(`${here.page}#/${SERVICE}/offers/${hash}`);
  const count = page.getByRole('button', { name: 'Count its receipts' });
  await count.waitFor();
  assert.equal(requests.filter(({ url }) => url.includes('/receipts')).length, 0);
  await count.click();
  await told(page, `4 runs on`);
  await told(page, `: 3 good, grade 1 (lowest 0). 1 call has two different receipts. ${wrong.length} that the service listed are no receipts of this offer.`);
  assert.deepEqual(await accessibility(page), []);

  answer = () => ({ offer: hash, receipts: [], next: `5.${'0'.repeat(64)}` });
  await page.reload();
  await count.click();
  await told(page, 'No run is on record yet.');
  assert.equal(requests.filter(({ url }) => url.includes('/receipts')).length, 202, 'pages without an end come to one');
  answer = () => ({ receipts: {} });
  await page.reload();
  await count.click();
  await told(page, 'The service answered with no list of receipts.');
  assert.deepEqual(problems, []);
});
