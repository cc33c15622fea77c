// A prepaid account from its opening to its end: the wallet signs here, the local chain takes it, the command proves.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { addressOf } from '../../web/shared/src/mina.ts';
import { fund, held, here, kept, keySaved, main, MINA, onChain, opened, passSlots, saved, sealrun, sends } from './accounts.mjs';
import { accessibility, connect, fitsWidth, launch, picture } from './browser.mjs';

let browser;
before(async () => {
  browser = await launch();
  await fund(addressOf(here.buyer), 50n * MINA);
});
after(() => browser.close());

test('an account is opened, topped up, used, left and emptied, and every page is accessible', async () => {
  const signing = held('sendTransaction');
  const wallet = { secret: here.buyer, answer: signing.answer };
  const found = await opened(browser, wallet, `${here.page}#/${here.service}/offers/${here.paid}`);
  const { page, problems, requests } = found;
  const look = async (name) => {
    assert.deepEqual(await accessibility(page), [], name);
    await picture(page, name);
  };
  await page.getByLabel('Note').fill('from-before');
  await main(page, 'Open an account').click();
  await page.getByRole('heading', { level: 1, name: 'Open a prepaid account' }).waitFor();
  await page.getByText('4 runs at 5 MINA each').waitFor();
  await look('open-account');
  await page.setViewportSize({ width: 390, height: 844 });
  assert.ok(await fitsWidth(page));
  await look('open-account-phone');
  await page.setViewportSize({ width: 1280, height: 900 });

  await connect(page);
  await page.getByText('In your wallet').waitFor();
  await main(page, 'Sign and open').click();
  await page.getByText('Save the account’s key first').waitFor();
  const file = await keySaved(page);
  const secret = (await readFile(file, 'utf8')).trim();
  assert.match(secret, /^EK[A-Za-z0-9]{50}$/);
  assert.deepEqual(wallet.asked.filter(({ method }) => method === 'sendTransaction'), []);
  await main(page, 'Sign and open').click();
  await page.getByText('Compare with your wallet').waitFor();
  const { argument } = wallet.asked.at(-1);
  assert.equal(argument.onlySign, true);
  assert.equal(argument.feePayer.fee, 0.1);
  const asked = JSON.parse(argument.transaction);
  const account = asked.accountUpdates[1].body.publicKey;
  const shown = await page.locator('.signed dd').allTextContents();
  const buyer = asked.feePayer.body.publicKey;
  assert.deepEqual([shown[0], shown[1], shown[2], shown[5], shown[6]], ['20 MINA', '1 MINA', '0.1 MINA', String(argument.nonce), 'mina:devnet']);
  assert.ok(account.startsWith(shown[3].split('…')[0]) && buyer.startsWith(shown[4].split('…')[0]));
  await look('opening-signed');
  assert.deepEqual([sends(found).length, await kept(page, 'transactions')], [0, []]);
  assert.equal(await onChain(account), null);

  signing.go();
  await page.getByRole('heading', { level: 1, name: 'Account', exact: true }).waitFor();
  await page.getByText('MINA free for runs').waitFor();
  const state = await onChain(account);
  assert.equal(state.balance.total, String(20n * MINA));
  assert.equal(sends(found).length, 1);
  assert.deepEqual((await kept(page, 'accounts')).map(({ address }) => address), [account]);
  assert.deepEqual(await kept(page, 'transactions'), []);

  await page.getByLabel('Amount').fill('7.5');
  await main(page, 'Add 7.5 MINA').click();
  await page.getByText('27.5 MINA').first().waitFor();
  assert.equal((await onChain(account)).balance.total, String(275n * (MINA / 10n)));

  await page.getByRole('link', { name: 'Back to “Build the wasm package”' }).click();
  assert.equal(await page.getByLabel('Note').inputValue(), 'from-before');
  await main(page, 'Sign and run').click();
  await page.getByRole('heading', { name: 'Succeeded' }).waitFor({ timeout: 60_000 });
  await page.getByRole('link', { name: 'Accounts' }).click();
  await page.getByRole('button', { name: 'Ask the service, signed' }).click();
  await page.getByText('Due in all, signed by the oracle').waitFor();
  await page.getByText('22.5', { exact: true }).waitFor();
  await page.getByRole('link', { name: 'Build the wasm package', exact: true }).waitFor();
  await look('account');
  await page.emulateMedia({ colorScheme: 'dark' });
  await look('account-dark');
  await page.setViewportSize({ width: 390, height: 844 });
  assert.ok(await fitsWidth(page));
  await look('account-phone');
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize({ width: 1280, height: 900 });

  const [exit] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Sign my exit' }).click()]);
  const fields = wallet.asked.at(-1).argument.message;
  assert.equal(fields.length, 6);
  await page.getByText('sealrun exit --signed exit.json --key any.key').waitFor();
  await look('leave');
  const leaving = await sealrun('exit', '--yes', '--signed', await saved(exit));
  assert.equal(leaving.status, 'included');
  assert.equal((await onChain(account)).zkappState[4], String(leaving.exit_slot));
  assert.equal(leaving.exit_slot, Number(fields[5]) + 60);

  await page.getByRole('button', { name: 'Look again' }).click();
  await page.getByText(`(slot ${leaving.exit_slot})`).waitFor();
  await page.getByText('Leaving', { exact: true }).first().waitFor();
  assert.equal(await page.getByRole('button', { name: /^Add/ }).count(), 0);
  await look('leaving');
  await passSlots(leaving.exit_slot - (await passSlots(1)));
  // The service settles nothing here, so all but the operator's share is the buyer's.
  await page.getByRole('button', { name: 'Look again' }).click();
  const [withdrawal] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Sign my withdrawal' }).click()]);
  const withdrawn = await sealrun('withdraw', '--yes', '--signed', await saved(withdrawal));
  assert.deepEqual([withdrawn.status, withdrawn.amount, withdrawn.buyer], ['included', String(275n * (MINA / 10n)), buyer]);
  await page.getByRole('button', { name: 'Look again' }).click();
  await page.getByText('nothing of yours is left').waitFor();
  assert.equal((await onChain(account)).balance.total, '0');

  const everything = JSON.stringify([requests, await page.evaluate(() => JSON.stringify(localStorage))]);
  assert.ok(!everything.includes(secret) && !everything.includes(here.buyer));
  assert.deepEqual(problems, []);
});

