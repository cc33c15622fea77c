// A real Chromium on the page, with a stub of Auro's documented API that signs with mina-signer. Whatever the page must
// never do ends in `problems`: a report of the content security policy, an error, or a request to a third party.
import { readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { execFileSync } from 'node:child_process';
import { chromium } from 'playwright-core';
import Client from 'mina-signer-3';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const signer = new Client({ network: 'devnet' });
/** Some key of nobody here. */
export const stranger = signer.genKeys().publicKey;
export const world = () => JSON.parse(readFileSync(process.env.SEALRUN_WORLD, 'utf8'));

export async function launch() {
  const executablePath = execFileSync('which', ['chromium'], { encoding: 'utf8' }).trim();
  return chromium.launch({
    executablePath,
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
}

/** A new browser profile with one page; `wallet` is what its Auro answers, false for a browser without one. */
export async function openPage(browser, { wallet, hosts = [], ...options } = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, reducedMotion: 'reduce', locale: 'en-GB', timezoneId: 'UTC', ...options });
  const page = await context.newPage();
  const problems = [];
  const requests = [];
  const allowed = new Set(hosts.map((url) => new URL(url).host));
  page.on('console', (message) => {
    // An answer that is no success is said on the page; the console names it too.
    if (!/^Failed to load resource/.test(message.text())) problems.push(message.text());
  });
  page.on('pageerror', (error) => problems.push(`error: ${error.message}`));
  page.on('request', (request) => {
    const url = new URL(request.url());
    requests.push({ method: request.method(), url: request.url(), headers: request.headers(), body: request.postData() ?? '' });
    if (/^https?:$/.test(url.protocol) && !allowed.has(url.host)) problems.push(`a request to ${url.host}`);
  });
  await page.exposeFunction('violated', (report) => problems.push(`policy: ${report}`));
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) => window.violated(`${event.violatedDirective} ${event.blockedURI}`));
  });
  if (wallet) await addWallet(page, wallet);
  return { context, page, problems, requests };
}

/** `secret` signs; `answer` may decline, delay or change what is signed: (method, value) => value, which may throw. */
async function addWallet(page, wallet) {
  wallet.asked = [];
  wallet.network ??= 'mina:devnet';
  await page.exposeFunction('auroStub', async (method, argument) => {
    wallet.asked.push({ method, argument });
    const address = signer.derivePublicKey(wallet.secret);
    const answers = {
      requestAccounts: () => [address],
      getAccounts: () => [address],
      requestNetwork: () => ({ networkID: wallet.network }),
      switchChain: () => ((wallet.network = argument.networkID), { networkID: wallet.network }),
      signFields: () => {
        const fields = argument.message.map(BigInt);
        const { signature } = signer.signFields(fields, wallet.secret);
        return { data: argument.message, publicKey: address, signature };
      },
      // As Auro 2.5.1: it takes the account updates, and lets its holder choose fee, nonce and memo.
      sendTransaction: () => {
        const { accountUpdates } = JSON.parse(argument.transaction);
        const { fee, memo } = argument.feePayer;
        const feePayer = { feePayer: address, fee: String(Math.round(fee * 1e9)), nonce: String(argument.nonce), memo, ...wallet.chosen };
        const { data } = signer.signZkappCommand({ zkappCommand: { accountUpdates, feePayer: {}, memo: '' }, feePayer }, wallet.secret);
        return { signedData: JSON.stringify(data) };
      },
    };
    const answer = answers[method]();
    return wallet.answer ? await wallet.answer(method, answer) : answer;
  });
  await page.addInitScript(() => {
    const heard = {};
    const provider = { on: (event, listener) => (heard[event] ??= []).push(listener) };
    window.auroEvent = (event, value) => heard[event].forEach((listener) => listener(value));
    for (const method of ['requestAccounts', 'getAccounts', 'requestNetwork', 'switchChain', 'signFields', 'sendTransaction'])
      provider[method] = (argument) => window.auroStub(method, argument);
    window.addEventListener('mina:requestProvider', () => {
      const detail = { info: { slug: 'aurowallet' }, provider };
      window.dispatchEvent(new CustomEvent('mina:announceProvider', { detail }));
    });
  });
}

/** What axe finds against WCAG 2.2 A and AA and its best practices, one line each. */
export async function accessibility(page) {
  const session = await page.context().newCDPSession(page);
  // Evaluated by the debugger, whom the page's policy does not bind.
  await session.send('Runtime.evaluate', { expression: AXE });
  const { result } = await session.send('Runtime.evaluate', {
    expression: `axe.run(document, {resultTypes: ['violations']}).then((found) => JSON.stringify(found.violations.map((one) => one.id + ': ' + one.nodes.map((node) => node.target.join(' ') + ' ' + (node.any[0]?.message ?? '')).join('; '))))`,
    awaitPromise: true,
    returnByValue: true,
  });
  return JSON.parse(result.value);
}

/** True if nothing lies beyond the right edge of the window. */
export function fitsWidth(page) {
  return page.evaluate(() => document.documentElement.scrollWidth <= document.documentElement.clientWidth);
}

export async function connect(page) {
  await page.getByRole('button', { name: 'Connect wallet' }).first().click();
  await page.getByRole('button', { name: 'Auro wallet' }).click();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
}

/** Where screenshots are kept; undefined for nowhere. */
export const pictures = process.env.SEALRUN_PICTURES;

/** Keep a screenshot of the whole page, or of what a phone shows at once. */
export async function picture(page, name) {
  if (!pictures) return;
  await mkdir(pictures, { recursive: true });
  await page.evaluate(() => scrollTo(0, 0));
  await page.screenshot({ path: `${pictures}/${name}.png`, fullPage: !name.endsWith('-phone') });
}
