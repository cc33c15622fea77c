// Reads tickets' URLs as the page does and answers with its redemptions: [[URL, INPUTS, OFFER], ...] on standard input.
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const source = (name) => fileURLToPath(new URL(`../../web/ticket/src/${name}`, import.meta.url));
const built = await build({
  stdin: {
    contents: `export * from './ticket.js'; export * from './inputs.js';`,
    resolveDir: fileURLToPath(new URL('../../web/ticket/src', import.meta.url)),
    loader: 'ts',
  },
  alias: { crypto: source('no_crypto.ts') },
  bundle: true,
  format: 'esm',
  write: false,
});
const code = Buffer.from(built.outputFiles[0].contents).toString('base64');
const { filled, ordered, parseTicket, redeem } = await import(`data:text/javascript;base64,${code}`);
const answers = [];
for (const [url, inputs, offer] of JSON.parse(await text(process.stdin))) {
  const ticket = await parseTicket(new URL(url).hash);
  const redemption = await redeem(ticket, filled(offer, inputs, ticket.grant.open));
  answers.push({ ...redemption, fields: ordered(offer, ticket.grant.open) });
}
process.stdout.write(JSON.stringify(answers));
