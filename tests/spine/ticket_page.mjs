// Opens a ticket's page in Debian's Chromium, uses the ticket, and tells what was shown and every request that was sent:
// node ticket_page.mjs CHROMIUM SCREENSHOT INPUTS_JSON, with the page's address on standard input.
import { text } from 'node:stream/consumers';
import { chromium } from 'playwright-core';

const [executablePath, path, inputs] = process.argv.slice(2);
const browser = await chromium.launch({
  executablePath,
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
try {
  const page = await browser.newPage();
  const requests = [];
  const problems = [];
  page.on('request', (request) =>
    requests.push([request.method(), request.url(), request.headers(), request.postData() ?? '']),
  );
  page.on('console', (message) => problems.push(message.text()));
  page.on('pageerror', (error) => problems.push(error.message));
  await page.goto(await text(process.stdin));
  const ready = page.locator('#ticket:visible, #problem:visible').first();
  await ready.waitFor();
  for (const [name, value] of Object.entries(JSON.parse(inputs))) await page.locator(`[name=${name}]`).fill(value);
  if (await page.locator('#redeem').isVisible()) await page.locator('#redeem').click();
  await page.locator('#receipt dt, #problem:visible').first().waitFor({ timeout: 90_000 });
  await page.screenshot({ path, fullPage: true });
  console.log(JSON.stringify({ shown: await page.innerText('main'), requests, problems }));
} finally {
  await browser.close();
}
