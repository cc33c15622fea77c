// The page: decode, show, sign, send, follow. Text from others enters as text, never as HTML.
import type { Offer } from '../../shared/src/offer.ts';
import { confirms } from '../../shared/src/receipt.ts';
import { post, readOffer } from '../../shared/src/service.ts';
import type { CallView } from '../../shared/src/views.ts';
import { parseTicket, redeem, type Redemption, type Ticket } from '../../shared/src/ticket.ts';
import { follow } from './follow.ts';
import { makeFields, readFields } from './form.ts';

const element = <T extends HTMLElement>(id: string): T => document.getElementById(id) as T;

function fill(list: HTMLElement, facts: [string, string][]): void {
  list.replaceChildren(
    ...facts.flatMap(([name, value]) => {
      const [term, text] = [document.createElement('dt'), document.createElement('dd')];
      term.textContent = name;
      text.textContent = value;
      return [term, text];
    }),
  );
}

function say(error: unknown): void {
  const problem = element('problem');
  problem.textContent = error instanceof Error ? error.message : String(error);
  problem.hidden = false;
}

function show(ticket: Ticket, offer: Offer): void {
  const { grant } = ticket;
  const mina = Number(offer.price) / 1e9;
  element('title').textContent = offer.title;
  fill(element('facts'), [
    ['source', `${offer.source.origin}, project ${offer.source.project}, ${offer.source.ref}`],
    ['commit', offer.source.commit],
    ['price', mina === 0 ? 'none' : `${mina} MINA, paid by the issuer`],
    ['issuer', grant.issuer],
    ['until', new Date(grant.until * 1000).toUTCString()],
    ...Object.entries(grant.inputs).map(([name, value]): [string, string] => [name, String(value)]),
  ]);
  element('inputs').replaceChildren(...makeFields(offer, grant.open));
  element('ticket').hidden = false;
  if (grant.until * 1000 <= Date.now()) throw new Error('This ticket has expired.');
}

function tell(call: CallView): void {
  element('run').hidden = false;
  element('state').textContent = call.reason ? `${call.state}: ${call.reason}` : call.state;
}

// Sent again after a lost answer, the same redemption finds the first one's run; another one would be refused.
const sent = new Map<string, Redemption>();

async function use(ticket: Ticket, offer: Offer): Promise<void> {
  const form = element<HTMLFormElement>('form');
  const chosen = readFields(form, offer, ticket.grant.open);
  const name = JSON.stringify(chosen);
  const redemption = sent.get(name) ?? (await redeem(ticket, chosen));
  sent.set(name, redemption);
  const { audience } = ticket.grant;
  tell(await post<CallView>(`${audience}/tickets/${ticket.id}`, redemption.body));
  form.hidden = true;
  const url = `${audience}/calls/${redemption.call}`;
  showReceipt(await follow(url, tell), offer, redemption.call, url);
}

function showReceipt(call: CallView, offer: Offer, hash: string, url: string): void {
  if (!call.receipt) return;
  const good = confirms(call.receipt, offer.oracle, hash);
  fill(element('receipt'), [
    ['receipt', good ? "the oracle's signature holds" : "the oracle's signature does NOT hold"],
    ['trust grade', String(call.receipt.data.grade)],
    ['finished', new Date(Number(call.receipt.data.finished_at) * 1000).toUTCString()],
    ['call', hash],
  ]);
  element('links').replaceChildren(
    link('receipt', `${url}/receipt`),
    ' ',
    link('run', call.run?.url),
  );
}

function link(name: string, url: string | undefined): HTMLElement | string {
  if (!url || !/^https?:/.test(url)) return '';
  const anchor = document.createElement('a');
  anchor.textContent = name;
  anchor.href = url;
  anchor.rel = 'noreferrer';
  return anchor;
}

async function main(): Promise<void> {
  const ticket = await parseTicket(location.hash);
  const { document: offer } = await readOffer(ticket.grant.audience, ticket.grant.offer);
  const button = element<HTMLButtonElement>('redeem');
  element('form').addEventListener('submit', (event) => {
    event.preventDefault();
    button.disabled = true;
    element('problem').hidden = true;
    use(ticket, offer).catch((error: unknown) => {
      button.disabled = false;
      say(error);
    });
  });
  show(ticket, offer);
}

main().catch(say);
