// Using a ticket: a service takes it at once, or a letter waits for the seller's next tick.
import { utf8 } from '../../shared/src/bytes.ts';
import type { Inputs } from '../../shared/src/inputs.ts';
import type { Json } from '../../shared/src/json.ts';
import { ticketLetter, usedFor, type PostBox } from '../../shared/src/letters.ts';
import { problemWords } from '../../shared/src/problems.ts';
import { redeem, type Redemption, type Ticket } from '../../shared/src/ticket.ts';
import { answered, drop, found, type Post } from './letters.ts';
import { ask, ServiceError, type Call } from './service/api.ts';
import type { Offer } from './service/offer.ts';
import { remember } from './state/activity.ts';
import { forgetDropped, keepDropped, type Dropped } from './state/letters.ts';
import { note } from './state/storage.ts';

/** A ticket whose redemption is dropped as a letter. */
export type Mailed = Ticket & { box: PostBox };

/**
 * The hash of the ticket's call. A redemption that was lost on its way is sent again as it was, so that it finds its run;
 * a ticket that was used before names the run that it was used for.
 */
export async function redeemAtService(
  ticket: Ticket,
  offer: Offer,
  redemption: Redemption,
): Promise<string> {
  try {
    await ask<Call>(`${ticket.grant.audience}/tickets/${ticket.id}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(redemption.body),
    });
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    const used = usedFor({ status: error.status, body: error.problem });
    if (!used) throw error;
    return ownCall(ticket, used, redemption.call);
  }
  bought(ticket, offer, redemption);
  return redemption.call;
}

/** Drops the letter; it is kept in this browser, so that the ticket's page goes on waiting when it is opened again. */
export async function dropTicket(ticket: Mailed, chosen: Inputs): Promise<Dropped> {
  const { body, call } = await redeem(ticket, chosen);
  const dropped = { ticket: ticket.id, call, body: JSON.stringify(body), at: Date.now() };
  keepDropped(dropped);
  try {
    await drop(postOf(ticket, dropped));
  } catch (error) {
    forgetDropped(ticket.id);
    throw error;
  }
  return dropped;
}

/** The call that a tick took for this ticket, for when its box takes no letter any more. */
export async function usedBefore(ticket: Mailed): Promise<string | undefined> {
  const { id, grant } = ticket;
  const answer = await found({ service: grant.audience, name: ticketLetter(id) });
  const used = answer && usedFor(answer);
  return used && ownCall(ticket, used, (await redeem(ticket, {})).call);
}

/** A prepaid ticket holds its one call: by no answer was it used for another (C1). */
export function ownCall({ grant }: Ticket, used: string, own: string): string {
  if (grant.prepaid && used !== own)
    throw new Error(
      `The service says that the ticket was used for a run that is not its own, ${used}.`,
    );
  return used;
}

/** The hash of the ticket's call, once a tick took the letter. Throws what the seller's functions say against it. */
export async function takenUp(
  ticket: Mailed,
  offer: Offer,
  dropped: Dropped,
  left: AbortSignal,
): Promise<string> {
  const { answer, own } = await answered(postOf(ticket, dropped), dropped.at, left);
  forgetDropped(ticket.id);
  if (own && answer.status === 202) {
    bought(ticket, offer, { call: dropped.call, body: JSON.parse(dropped.body) as Body });
    return dropped.call;
  }
  const used = usedFor(answer);
  if (used) return ownCall(ticket, used, dropped.call);
  throw new Error(problemWords(answer.body)?.slice(0, 600) ?? 'The request was refused.');
}

type Body = Record<string, Json>;

function postOf({ box, id, grant }: Mailed, { body }: Dropped): Post {
  return { box, service: grant.audience, name: ticketLetter(id), letter: utf8(body) };
}

function bought({ grant }: Ticket, offer: Offer, { call, body }: Redemption): void {
  const run = {
    call,
    service: grant.audience,
    offer: offer.hash,
    title: offer.title,
    price: '0',
    inputs: { ...grant.inputs, ...(body['inputs'] as Inputs | undefined) },
    account: grant.key,
    at: Math.floor(Date.now() / 1000),
    state: '',
  };
  note(() => remember(run));
}
