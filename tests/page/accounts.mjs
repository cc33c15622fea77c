// What the tests of accounts share: the world, its chain asked without the page, and a key that is saved and read back.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { openPage, world } from './browser.mjs';

export const here = world();
export const NOWHERE = 'http://127.0.0.1:9/graphql';
const hosts = [here.page, here.service, here.evidence, here.node, NOWHERE];
export const opening = `${here.page}#/open/${here.service}/offers/${here.paid}`;
export const MINA = 1_000_000_000n;
/** What the chain says, asked without the page. */
export async function onChain(address) {
  const query = `{account(publicKey:"${address}"){nonce balance{total} zkappState}}`;
  return (await post(here.node, { query })).data.account;
}

export const passSlots = async (count) => (await post(here.slots, { count })).slot;

export const fund = (address, amount) => post(here.faucet, { address, amount: String(amount) });

async function post(url, body) {
  const answer = await fetch(url, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
  return answer.json();
}

/** The command, which the seller pays for; what it printed. */
export async function sealrun(...given) {
  const { stdout } = await promisify(execFile)(here.command, given);
  return JSON.parse(stdout);
}

export async function opened(browser, wallet, where = opening, options = {}) {
  const found = await openPage(browser, { wallet, hosts, ...options });
  await found.page.goto(where);
  return found;
}

/** Makes the account's key and reads it back from the saved file; the file's path. */
export async function keySaved(page) {
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: /Make a/ }).click()]);
  assert.match(download.suggestedFilename(), /^sealrun-account-B62[A-Za-z0-9]+\.key$/);
  const path = await saved(download);
  await page.getByLabel('The saved file').setInputFiles(path);
  await page.getByText('Saved and read back').waitFor();
  return path;
}

export async function saved(download) {
  const path = join(await mkdtemp(join(tmpdir(), 'page-')), download.suggestedFilename());
  await download.saveAs(path);
  return path;
}

export const kept = (page, name) => page.evaluate((key) => JSON.parse(localStorage.getItem(`sealrun:${key}`)) ?? [], name);
export const sends = ({ requests }) => requests.filter(({ body }) => body.includes('sendZkapp'));
export const main = (page, name) => page.getByRole('button', { name, exact: true }).first();

/** A wallet whose answer to one method waits until it is let go. */
export function held(method) {
  let go;
  const gate = new Promise((resolve) => (go = resolve));
  return { go, answer: async (asked, answer) => (asked === method && (await gate), answer) };
}

