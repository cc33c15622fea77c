// An offer's history as this page counts it: receipts from the service, each signature checked here.
import { useEffect, useState } from 'react';
import type { History } from '../../../shared/src/catalogue.ts';
import { historyOf, offersReceipt } from '../../../shared/src/history.ts';
import type { Receipt } from '../../../shared/src/verification/receipt.ts';
import { message } from '../format.ts';
import { ask } from '../service/api.ts';
import type { Offer } from '../service/offer.ts';
import { historyWords } from './history_words.ts';

const MOST = 200;
const PLACE = /^\d{1,16}\.[0-9a-f]{64}$/;
// Signatures checked between two looks of the browser at its other work.
const STRIDE = 5;

interface Counted {
  history: History;
  /** Receipts that were handed out and are none of this offer. */
  refused: number;
}

export function OfferHistory(props: { service: string; offer: Offer }) {
  const { service, offer } = props;
  const [checked, setChecked] = useState(0);
  const [counted, setCounted] = useState<Counted | string>();
  useEffect(() => {
    let current = true;
    const tell = (number: number) => {
      if (!current) throw new Error('left');
      setChecked(number);
    };
    count(service, offer, tell).then(
      (found) => current && setCounted(found),
      (error: unknown) => current && setCounted(message(error)),
    );
    return () => {
      current = false;
    };
  }, []);
  if (counted === undefined)
    return (
      <p role="status" className="quiet">
        {checked === 0 ? 'Asking for receipts…' : `${checked} receipts checked…`}
      </p>
    );
  if (typeof counted === 'string') return <p className="wrong">{counted}</p>;
  const { history, refused } = counted;
  return (
    <>
      <p role="status">
        {historyWords(history)}
        {refused > 0 && ` ${refused} that the service listed are no receipts of this offer.`}
      </p>
      <p className="quiet small">
        Counted here, from receipts that this offer’s oracle signed. The operator can leave some
        out, and a seller can buy its own runs.
      </p>
    </>
  );
}

/** The newest receipts of the offer. Bounded in number, whatever the service answers. */
async function count(
  service: string,
  offer: Offer,
  tell: (checked: number) => void,
): Promise<Counted> {
  const sold = { ...offer, grade: offer.evidence.grade };
  const receipts: Receipt[] = [];
  let [left, after, refused] = [MOST, '', 0];
  for (;;) {
    const query = after && `?after=${after}`;
    const page = await ask<Record<string, unknown> | null>(
      `${service}/offers/${offer.hash}/receipts${query}`,
    );
    const { receipts: documents, next } = page ?? {};
    if (!Array.isArray(documents))
      throw new Error('The service answered with no list of receipts.');
    for (const document of documents.slice(0, left)) {
      try {
        receipts.push(offersReceipt(document, sold, Date.now() / 1000));
      } catch {
        refused += 1;
      }
      if ((receipts.length + refused) % STRIDE === 0) {
        tell(receipts.length + refused);
        await new Promise((go) => setTimeout(go));
      }
    }
    const more = next !== null || documents.length > left;
    // A page without receipts counts too, or a service could have no other.
    left -= Math.max(documents.length, 1);
    if (typeof next !== 'string' || !PLACE.test(next) || left <= 0)
      return { history: historyOf(receipts, more), refused };
    after = next;
  }
}
