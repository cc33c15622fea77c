// Opening and topping up where somebody says no, changes something, answers nonsense, or nothing at all.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import Client from 'mina-signer-3';
import { fund, held, here, kept, keySaved, main, MINA, NOWHERE, onChain, opened, opening, sends } from './accounts.mjs';
import { connect, launch, openPage } from './browser.mjs';

const [devnet, mainnet] = ['devnet', 'mainnet'].map((network) => new Client({ network }));
let browser;
let buyer;
before(async () => {
  browser = await launch();
  buyer = devnet.derivePublicKey(here.buyer);
  await fund(buyer, 200n * MINA);
});
after(() => browser.close());

/** The page of an opening with wallet and key, ready to sign. */
async function ready(wallet) {
  const found = await opened(browser, wallet);
  await connect(found.page);
  return { ...found, file: await keySaved(found.page) };
}

/** Nothing left the page, and nothing is kept to be sent later. */
async function nothingSent(found) {
  assert.deepEqual(sends(found), []);
  assert.deepEqual(await kept(found.page, 'transactions'), []);
  assert.deepEqual(await kept(found.page, 'accounts'), []);
}

async function refused(found, words) {
  await main(found.page, 'Sign and open').click();
  await found.page.getByText(words).first().waitFor();
  await nothingSent(found);
}

async function signed(found) {
  await main(found.page, 'Sign and open').click();
  await found.page.getByRole('heading', { level: 1, name: 'Account', exact: true }).waitFor();
}

/** The account that the page asked the wallet to open. */
const asked = (wallet) => JSON.parse(wallet.asked.findLast(({ method }) => method === 'sendTransaction').argument.transaction).accountUpdates[1].body.publicKey;

/** Signed by this client and key, with these changes of what the page asked for. */
function resigned(wallet, change, { client = devnet, secret = wallet.secret } = {}) {
  const { transaction, feePayer, nonce } = wallet.asked.at(-1).argument;
  const { accountUpdates } = JSON.parse(transaction);
  change(accountUpdates);
  const payer = { feePayer: client.derivePublicKey(secret), fee: String(feePayer.fee * 1e9), nonce: String(nonce), memo: '' };
  const { data } = client.signZkappCommand({ zkappCommand: { accountUpdates, feePayer: {}, memo: '' }, feePayer: payer }, secret);
  return { signedData: JSON.stringify(data) };
}

for (const [name, words, answer] of [
  ['says no', 'Declined in the wallet', () => ({ code: 1002, message: 'User rejected' })],
  ['signs with another account', 'signed with another account', (wallet) => resigned(wallet, () => undefined, { secret: devnet.genKeys().privateKey })],
  ['signs for another network', 'signature does not hold', (wallet) => resigned(wallet, () => undefined, { client: mainnet })],
  ['pays in less than was asked', 'signed another transaction', (wallet) => resigned(wallet, ([, update]) => (update.body.balanceChange.magnitude = '1'))],
  ['leaves a key power over the account', 'signed another transaction', (wallet) => resigned(wallet, ([, update]) => (update.body.update.permissions.editState = 'Signature'))],
  ['sends another code', 'signed another transaction', (wallet) => resigned(wallet, ([, update]) => (update.body.update.verificationKey.hash = '1'))],
  ['adds a payment', 'signed another transaction', (wallet) => resigned(wallet, (updates) => updates.push(structuredClone(updates[0])))],
  ['returns what it was given', 'signature does not hold', (wallet) => ({ signedData: wallet.asked.at(-1).argument.transaction })],
  ['returns no transaction', 'something else than a signed transaction', () => ({ signedData: '{"zkappCommand":[]}' })],
  ['returns a flood', 'too long a text', () => ({ signedData: 'x'.repeat(100_000) })],
  ['sends by itself', 'sent the transaction itself', () => ({ hash: '5Ju' })],
])
  test(`a wallet that ${name} opens nothing`, async () => {
    const wallet = { secret: here.buyer };
    wallet.answer = (method, value) => (method === 'sendTransaction' ? answer(wallet) : value);
    const found = await ready(wallet);
    await refused(found, words);
    assert.equal(await onChain(asked(wallet)), null);
    assert.deepEqual(found.problems, []);
  });

test('a fee that was changed in the wallet is sent only after it was agreed to', async () => {
  const wallet = { secret: here.buyer, chosen: { fee: '300000000', memo: 'mine' } };
  const found = await ready(wallet);
  const { page } = found;
  await main(page, 'Sign and open').click();
  await page.getByText('Your wallet changed the transaction').waitFor();
  await page.getByText('0.1 MINA → 0.3 MINA').waitFor();
  await page.getByText('none → “mine”').waitFor();
  await nothingSent(found);
  await main(page, 'Do not send').click();
  await page.getByText('Not sent, since the wallet changed it.').waitFor();
  await nothingSent(found);
  const before = BigInt((await onChain(buyer)).balance.total);
  await page.getByLabel('First deposit').fill('1');
  await main(page, 'Sign and open').click();
  await main(page, 'Send it as signed').click();
  await page.getByRole('heading', { level: 1, name: 'Account', exact: true }).waitFor();
  const after = BigInt((await onChain(buyer)).balance.total);
  assert.equal(before - after, 2n * MINA + 300_000_000n);
});

test('an account that was switched while the wallet was open signs nothing', async () => {
  const signing = held('sendTransaction');
  const wallet = { secret: here.buyer, answer: signing.answer };
  const found = await ready(wallet);
  await main(found.page, 'Sign and open').click();
  await found.page.getByText('Compare with your wallet').waitFor();
  await found.page.evaluate(() => window.auroEvent('accountsChanged', []));
  await found.page.getByRole('button', { name: 'Connect wallet' }).first().waitFor();
  wallet.answer = undefined;
  signing.go();
  await found.page.getByText('Account or network were changed in the wallet').waitFor();
  await nothingSent(found);
});

test('too little money is said before the wallet opens, and so is a node that is not there', async () => {
  const wallet = { secret: here.buyer };
  const found = await ready(wallet);
  const { page } = found;
  await page.getByLabel('First deposit').fill('100000');
  await refused(found, 'Your wallet has too little: expected at least 100001.1 MINA, fee included');
  await page.getByLabel('First deposit').fill('-1');
  await refused(found, 'Name the deposit first');
  await page.getByLabel('First deposit').fill('1');
  await page.getByLabel('Mina node').selectOption(NOWHERE);
  await refused(found, 'The Mina node 127.0.0.1:9 cannot be used now');
  assert.deepEqual(wallet.asked.filter(({ method }) => method === 'sendTransaction'), []);
  await page.getByLabel('Mina node').selectOption(here.node);
  await signed(found);
});

test('a wallet without an account on the network is told to get money first', async () => {
  const found = await ready({ secret: devnet.genKeys().privateKey });
  await refused(found, 'has no account on mina:devnet. Have MINA sent to it first');
});

test('nothing is sent without a saved key, after a reload the file is enough, and the key stays out of the browser', async () => {
  const wallet = { secret: here.buyer };
  const found = await ready(wallet);
  const { page, file } = found;
  await page.reload();
  await connect(page);
  await refused(found, 'Save the account’s key first');
  const words = (text) => ({ name: 'a.key', mimeType: 'text/plain', buffer: Buffer.from(text) });
  await page.getByLabel('The saved file').setInputFiles(words('no key'));
  await page.getByText('This file holds no Mina key').waitFor();
  await page.getByLabel('The saved file').setInputFiles(words(here.buyer));
  await refused(found, 'Something is at this key’s address already');
  await page.getByLabel('The saved file').setInputFiles(file);
  await page.getByLabel('First deposit').fill('1');
  await signed(found);
});

test('an opening whose answer is lost is found after a reload, sent again, and paid once', async () => {
  const wallet = { secret: here.buyer };
  const found = await ready(wallet);
  const { page } = found;
  const before = await onChain(buyer);
  let lost = true;
  await page.route(here.node, (route) =>
    lost && route.request().postData()?.includes('sendZkapp') ? route.abort() : route.continue(),
  );
  await page.getByLabel('First deposit').fill('1');
  await main(page, 'Sign and open').click();
  await page.getByRole('heading', { name: 'Opening the account' }).waitFor();
  const [waiting] = await kept(page, 'transactions');
  assert.equal(waiting.account, asked(wallet));
  assert.equal(await onChain(waiting.account), null);
  await page.reload();
  await page.getByRole('heading', { name: 'Opening the account' }).waitFor();
  lost = false;
  await page.getByRole('button', { name: /^Send again/ }).click();
  await page.getByRole('heading', { level: 1, name: 'Account', exact: true }).waitFor();
  const after = await onChain(buyer);
  assert.equal(Number(after.nonce), Number(before.nonce) + 1);
  assert.equal(BigInt(before.balance.total) - BigInt(after.balance.total), 2n * MINA + 100_000_000n);
  assert.deepEqual(await kept(page, 'transactions'), []);
  assert.equal(wallet.asked.filter(({ method }) => method === 'sendTransaction').length, 1);
});

test('an opening whose nonce another transaction used is over, and says that nothing was paid in', async () => {
  const signing = held('sendTransaction');
  const [slow, quick] = [{ secret: here.buyer, answer: signing.answer }, { secret: here.buyer }];
  const first = await ready(slow);
  await first.page.getByLabel('First deposit').fill('1');
  await main(first.page, 'Sign and open').click();
  await first.page.getByText('Compare with your wallet').waitFor();
  const second = await ready(quick);
  await second.page.getByLabel('First deposit').fill('1');
  await signed(second);
  signing.go();
  await first.page.getByText('Nothing was paid in').waitFor();
  assert.equal(await onChain(asked(slow)), null);
  await first.page.getByRole('button', { name: 'Start over' }).click();
  await main(first.page, 'Sign and open').waitFor();
  await nothingSent({ ...first, requests: [] });
});

test('an opening that a block took and did not apply is over, with the reason of the network', async () => {
  const wallet = { secret: here.buyer };
  const found = await ready(wallet);
  const { page } = found;
  const hash = `5J${'a'.repeat(50)}`;
  const failureReason = [{ failures: ['Account_not_precondition_unsatisfied'] }];
  await page.route(here.node, async (route) => {
    const asks = route.request().postData() ?? '';
    const json = { data: asks.includes('sendZkapp') ? { sendZkapp: { zkapp: { hash } } } : undefined };
    if (asks.includes('zkappCommands{hash')) {
      const block = { protocolState: { consensusState: { blockHeight: '9' } }, transactions: { zkappCommands: [{ hash, failureReason }] } };
      json.data = { syncStatus: 'SYNCED', networkID: 'mina:devnet', account: { nonce: '0' }, bestChain: [block] };
    }
    return json.data ? route.fulfill({ json, headers: { 'Access-Control-Allow-Origin': '*' } }) : route.continue();
  });
  await main(page, 'Sign and open').click();
  await page.getByText('the network did not apply it (Account_not_precondition_unsatisfied)').waitFor();
  assert.equal((await kept(page, 'transactions'))[0].hash, hash);
  await page.getByRole('button', { name: 'Start over' }).click();
  await main(page, 'Sign and open').waitFor();
  assert.deepEqual(await kept(page, 'transactions'), []);
});

/** The page of an open account, whose node's answers about accounts this changes. */
async function lied(change) {
  const found = await opened(browser, { secret: here.buyer });
  const { page } = found;
  await page.getByText('I have opened it before').click();
  await page.getByLabel('Address of the account').fill(here.account);
  await main(page, 'Look it up').click();
  await page.getByText('MINA free for runs').waitFor();
  await page.route(here.node, async (route) => {
    const answer = await route.fetch();
    const value = await answer.json();
    const lie = value.data?.seller === undefined ? value : (change(value) ?? value);
    await route.fulfill(typeof lie === 'string' ? { response: answer, body: lie } : { response: answer, json: lie });
  });
  await page.getByRole('button', { name: 'Look again' }).click();
  return found;
}

for (const [name, words, change] of [
  ['another code', 'verificationKey.hash: expected', ({ data }) => void (data.account.verificationKey.hash = '1')],
  ['a permission less', 'permissions.send: expected Proof, got Either', ({ data }) => void (data.account.permissions.send = 'Either')],
  ['an older version of the code’s permission', 'setVerificationKey.txnVersion: expected 3, got 2', ({ data }) => void (data.account.permissions.setVerificationKey.txnVersion = '2')],
  ['other terms', 'state.termsHash: expected', ({ data }) => void (data.account.zkappState[0] = '5')],
  ['money that vests', 'timing.cliffTime: expected null, got 9', ({ data }) => void (data.account.timing.cliffTime = '9')],
  ['a seller who cannot be paid', 'seller.permissions.receive', ({ data }) => void (data.seller.permissions.receive = 'Proof')],
  ['another network', 'expected networkID mina:devnet, got mina:mainnet', ({ data }) => void (data.networkID = 'mina:mainnet')],
  ['a stuck tip', 'expected a newest block of', ({ data }) => void (data.bestChain[0].protocolState.blockchainState.date = '1600000000000')],
  ['no such account', 'There is no such account', ({ data }) => void (data.account = null)],
  ['no numbers', 'expected an answer as it was asked for', ({ data }) => void (data.account.balance.total = {})],
  ['markup as its error', 'refuses: <img src=x onerror=alert(1)>', () => ({ errors: [{ message: '<img src=x onerror=alert(1)>' }] })],
  ['no JSON', 'something else than JSON', () => '<html>'],
  ['a flood', 'expected at most', () => ' '.repeat(25 << 20)],
])
  test(`a node that shows ${name} shows no money`, async () => {
    const { page, problems } = await lied(change);
    await page.getByText(words).waitFor();
    assert.equal(await page.getByText('MINA free for runs').count(), 0);
    assert.equal(await page.getByRole('button', { name: /Sign my exit|^Add/ }).count(), 0);
    assert.equal(await page.locator('#app img').count(), 0);
    assert.deepEqual(problems, []);
  });

for (const [name, change] of [
  ['an offer that is closed', { open: false, reason: 'the seller closed it' }],
  ['a price that is dropped', { dropped: [{ asset: 'wSHV2S4qX9jFsLjQo8r1BsMLH2ZRKsZx6EJd1sbozGPieEC4Jf', symbol: 'MINA', reason: 'the seller closed it' }] }],
])
  test(`no money is put where no run is sold: ${name}`, async () => {
    const found = await openPage(browser, { wallet: { secret: here.buyer }, hosts: [here.page, here.service, here.node] });
    const where = opening.slice(opening.indexOf(here.service));
    await found.page.route(where, async (route) => {
      const answer = await route.fetch();
      await route.fulfill({ response: answer, json: { ...(await answer.json()), ...change } });
    });
    await found.page.goto(opening);
    await found.page.getByText('the seller closed it').waitFor();
    assert.equal(await found.page.getByRole('button', { name: 'Sign and open' }).count(), 0);
    assert.deepEqual(sends(found), []);
  });
