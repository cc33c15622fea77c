// Words beside the form: by rules, and by a model of the buyer's own, which may be hostile. Nothing is signed by either.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { accessibility, connect, launch, openPage, pictures, world } from './browser.mjs';

const here = world();
const MODEL = 'https://model.example/v1';
const hosts = [here.page, here.service, here.evidence, MODEL];
const KEY = 'sk-of-the-buyer';
let browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

async function opened() {
  const wallet = { secret: here.buyer };
  const found = await openPage(browser, { wallet, hosts });
  await found.page.goto(`${here.page}#/${here.service}/offers/${here.paid}`);
  await found.page.getByRole('tab', { name: 'Assistant' }).click();
  // What is asked from here on is the assistant's doing.
  await found.page.waitForLoadState('networkidle');
  return { ...found, wallet };
}

async function say(page, text) {
  await page.getByLabel('Describe the run').fill(text);
  await page.getByRole('button', { name: 'Send' }).click();
}

test('a sentence fills in the form, each field with its reason, and questions are answered from the offer', async () => {
  const { page, problems, requests, wallet } = await opened();
  const before = requests.length;
  await say(page, 'a docs build with 4 threads, not release, note "from-the-page"');
  await page.getByText('I found 4 inputs in that').waitFor();
  await page.getByText('you wrote “4 threads”').waitFor();
  assert.equal(await page.getByLabel('Threads').inputValue(), '4');
  assert.equal(await page.getByLabel('Note').inputValue(), 'from-the-page');
  assert.ok(await page.getByLabel('docs').isChecked());
  assert.deepEqual(await accessibility(page), []);
  if (pictures) await page.screenshot({ path: `${pictures}/assistant.png` });
  await say(page, 'What does it cost?');
  await page.getByText('5 MINA if the run succeeds. A run that fails').waitFor();
  await say(page, 'with 20 threads');
  await page.getByText('I left out threads: The value is greater than the maximum of 8.').waitFor();
  await page.getByLabel('Threads').fill('5');
  assert.equal(await page.getByText('you wrote “4 threads”').count(), 0);
  assert.equal(requests.length, before);
  assert.deepEqual(wallet.asked, []);
  assert.deepEqual(problems, []);
});

/** A run of the free offer that its input made fail. */
async function failedRun() {
  const wallet = { secret: here.buyer };
  const found = await openPage(browser, { wallet, hosts });
  const { page } = found;
  await page.goto(`${here.page}#/${here.service}/offers/${here.free}?note=fail`);
  await connect(page);
  await page.getByRole('button', { name: 'Sign and run' }).first().click();
  await page.getByRole('heading', { name: 'Failed' }).waitFor({ timeout: 60_000 });
  const ask = async (text) => {
    await page.getByLabel('Ask about this run').last().fill(text);
    await page.getByRole('button', { name: 'Send' }).click();
  };
  return { ...found, wallet, ask };
}

test('a run that failed is explained from its log, claims and jobs, by rules and by a model that may do nothing', async () => {
  const { page, ask, problems, requests, wallet } = await failedRun();
  await ask('Why did it fail?');
  await page.getByText('Jobs that failed: build. No log is here').waitFor();
  await page.getByRole('button', { name: /private item/ }).click();
  await page.getByText('openings.json opens every leaf').waitFor();
  await ask('And now, why?');
  await page.locator('.said.page', { hasText: 'building wasm with 2 threads' }).waitFor();
  await ask('What do the Merkle roots mean?');
  await page.getByText('gives the two Merkle roots that the receipt signs').waitFor();
  await ask('What is due?');
  await page.getByText('This run is free, however it ends.').waitFor();
  await ask('Which claims hold?');
  await page.getByText(/of \d+ claims hold\./).waitFor();
  assert.deepEqual(await accessibility(page), []);
  if (pictures) await page.getByRole('region', { name: 'Ask about this run' }).screenshot({ path: `${pictures}/explained.png` });

  const asked = await useModel(page, call('propose_inputs', { note: 'x' }, 'It failed in build.'), { content: markup });
  const before = wallet.asked.length;
  await ask('Explain the log');
  await page.getByText('It failed in build.').waitFor();
  await ask('Again');
  await page.getByText(markup).waitFor();
  const [first] = asked;
  assert.equal(first.body.tools, undefined);
  const record = JSON.parse(first.body.messages[0].content.split('\n\n')[1]);
  assert.deepEqual([record.outcome, record.jobs[0].result], ['failed', 'failed']);
  assert.match(record.logs[0].end_of_log, /building wasm/);
  assert.equal(await page.locator('#app img, #app a[href^=javascript]').count(), 0);
  assert.equal(wallet.asked.length, before);
  assert.ok(!JSON.stringify(asked).includes(here.buyer));
  assert.equal(requests.filter(({ method, url }) => method === 'POST' && !url.startsWith(MODEL)).length, 1);
  assert.deepEqual(problems, []);
});

/** The page with a model that gives these messages one after the other, and what it was asked. */
async function withModel(...messages) {
  const found = await opened();
  return { ...found, asked: await useModel(found.page, ...messages) };
}

/** What the model is asked from now on; it gives these messages one after the other. */
async function useModel(page, ...messages) {
  const asked = [];
  await page.route(`${MODEL}/**`, async (route) => {
    const headers = { 'Access-Control-Allow-Origin': '*', 'Access-Control-Allow-Headers': '*' };
    if (route.request().method() === 'OPTIONS') return route.fulfill({ headers });
    asked.push({ body: route.request().postDataJSON(), headers: route.request().headers() });
    const message = messages[Math.min(asked.length, messages.length) - 1];
    return route.fulfill({ headers, json: { choices: [{ message }] } });
  });
  await page.getByRole('button', { name: 'Use your own' }).click();
  await page.getByLabel('Address, up to /v1').fill(MODEL);
  await page.getByLabel('Model', { exact: true }).fill('small');
  await page.getByLabel('Key', { exact: true }).fill(KEY);
  await page.getByRole('button', { name: 'Use this model' }).click();
  return asked;
}

const call = (name, given, content = null) => ({
  role: 'assistant',
  content,
  tool_calls: [{ id: 'c1', type: 'function', function: { name, arguments: typeof given === 'string' ? given : JSON.stringify(given) } }],
});

test("the buyer's model proposes inputs; a refused proposal goes back to it", async () => {
  const { page, asked, problems } = await withModel(
    call('propose_inputs', { threads: 99, target: 'docs' }),
    call('propose_inputs', { threads: 8, target: 'docs', release: true, settings: { level: 2 } }),
  );
  await say(page, 'as fast as you can');
  await page.getByText('from your model').first().waitFor();
  assert.equal(await page.getByLabel('Threads').inputValue(), '8');
  assert.equal(await page.getByLabel('Settings').inputValue(), '{"level":2}');
  assert.equal(asked.length, 2);
  assert.match(asked[1].body.messages.at(-1).content, /refused: threads: The value is greater than the maximum of 8/);
  assert.deepEqual(Object.keys(asked[0].body.tools[0].function.parameters.properties).sort(), ['note', 'release', 'settings', 'target', 'threads']);
  assert.equal(asked[0].headers.authorization, `Bearer ${KEY}`);
  assert.ok(!JSON.stringify(asked).includes(here.buyer));
  assert.ok(!(await page.evaluate(() => JSON.stringify(localStorage))).includes(KEY));
  assert.deepEqual(problems, []);
});

const markup = '<img src=x onerror=alert(1)>[click](javascript:alert(1))';
for (const [name, messages] of [
  ['wants to sign', [call('sign_and_run', {}), { content: markup }]],
  ['proposes what the offer has not', [call('propose_inputs', { account: 'B62', __proto__: 1, sealrun_call: 'x', constructor: 'y' }, markup)]],
  ['proposes values of no kind', [call('propose_inputs', { threads: { a: 1 }, target: ['docs'], release: 'yes', note: markup })]],
  ['calls with no JSON', [call('propose_inputs', '{"threads":', markup)]],
  ['answers in no form', [null]],
  ['speaks markup', [{ content: markup }]],
])
  test(`a model that ${name} changes nothing but words`, async () => {
    const { page, asked, problems, requests, wallet } = await withModel(...messages);
    await say(page, 'please');
    await page.locator('.said.page').first().waitFor();
    assert.equal(await page.getByText('from your model').count(), 0);
    assert.equal(await page.locator('#app img, #app a[href^=javascript]').count(), 0);
    assert.ok(asked.length <= 3);
    assert.deepEqual(wallet.asked, []);
    assert.deepEqual(requests.filter(({ method, url }) => method === 'POST' && !url.startsWith(MODEL)), []);
    assert.deepEqual(problems, []);
  });
