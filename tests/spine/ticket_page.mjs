// Opens a ticket in the buyer's page in Debian's Chromium, uses it, and tells what was shown and every request that
// was sent: node ticket_page.mjs SCREENSHOT INPUTS_JSON HOST..., with the page's address on standard input.
import { text } from 'node:stream/consumers';
import { launch, openPage } from '../page/browser.mjs';

const [path, inputs, ...hosts] = process.argv.slice(2);
const browser = await launch();
try {
  const { page, problems, requests } = await openPage(browser, { hosts });
  await page.goto(await text(process.stdin));
  const use = page.getByRole('button', { name: 'Use the ticket' });
  await use.or(page.getByRole('alert')).first().waitFor();
  for (const [name, value] of Object.entries(JSON.parse(inputs))) await page.locator(`[name=${name}]`).fill(value);
  if (await use.isVisible()) await use.click();
  const end = page.getByRole('heading', { name: /^Files/ }).or(page.getByRole('alert'));
  try {
    await end.first().waitFor({ timeout: 180_000 });
  } finally {
    await page.screenshot({ path, fullPage: true });
  }
  console.log(JSON.stringify({ shown: await page.innerText('main'), address: page.url(), requests, problems }));
} finally {
  await browser.close();
}
