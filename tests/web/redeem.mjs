// Reads tickets' URLs as the page does and answers with its redemptions: [[URL, INPUTS, OFFER], ...] on standard input.
import { text } from 'node:stream/consumers';
import { checkDraft } from '../../web/app/src/inputs.ts';
import { ordered } from '../../web/shared/src/inputs.ts';
import { parseTicket, redeem } from '../../web/shared/src/ticket.ts';

const answers = [];
for (const [url, inputs, offer] of JSON.parse(await text(process.stdin))) {
  const ticket = await parseTicket(new URL(url).hash);
  const { open } = ticket.grant;
  const properties = Object.fromEntries(open.map((name) => [name, offer.inputs.properties[name]]));
  const typed = Object.entries(inputs).map(([name, value]) => [name, typeof value === 'number' ? String(value) : value]);
  const redemption = await redeem(ticket, checkDraft({ properties }, Object.fromEntries(typed)).inputs);
  answers.push({ ...redemption, fields: ordered(offer.inputs, open) });
}
process.stdout.write(JSON.stringify(answers));
