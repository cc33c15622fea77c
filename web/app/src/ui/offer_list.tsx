// What a service sells, as cards: title, price, seller, and whether it takes runs now. By the service's word.
import { useEffect, useState } from 'react';
import { message, priced, short } from '../format.ts';
import { placeOf } from '../route.ts';
import { listOffers, type Listed } from '../service/offers.ts';
import { Badge, Note } from './parts.tsx';
import { providerName } from './providers.ts';

export function OfferList(props: { title: string; offers: Offers; service: string }) {
  const { title, offers, service } = props;
  const { found, next, busy, problem } = offers;
  return (
    <section className="stack" aria-label={title}>
      <h2>{title}</h2>
      {found === null && busy && <p className="quiet">Asking {new URL(service).host}…</p>}
      {found?.length === 0 && (
        <p className="quiet">
          Nothing is for sale here now. An offer appears as soon as it is published.
        </p>
      )}
      {found !== null && found.length > 0 && (
        <ul className="offers">
          {found.map((offer) => (
            <OfferCard key={offer.offer} service={service} listed={offer} />
          ))}
        </ul>
      )}
      {problem && (
        <Note tone="bad" title="This service does not say what it sells" alert>
          {problem}
        </Note>
      )}
      {next !== null && (
        <div>
          <button type="button" className="button" disabled={busy} onClick={offers.more}>
            Show more
          </button>
        </div>
      )}
    </section>
  );
}

function OfferCard(props: { service: string; listed: Listed }) {
  const { service, listed } = props;
  const { title, prices, seller, open, reason } = listed;
  const provider = providerName(listed.provider);
  return (
    <li className="card offer">
      <div className="row spread">
        <h3 className="wrap">
          <a href={placeOf(service, 'offers', listed.offer)}>{title}</a>
        </h3>
        <Badge tone={open ? 'good' : 'warn'}>{open ? 'Open' : 'Closed'}</Badge>
      </div>
      <p className="price">
        <strong>{prices.length === 0 ? 'Free' : prices.map(priced).join(' or ')}</strong>
        {prices.length > 0 && 'if it succeeds'}
      </p>
      <p className="quiet small">
        {seller && (
          <>
            Seller{' '}
            <span className="mono" title={seller}>
              {short(seller, 5)}
            </span>{' '}
            ·{' '}
          </>
        )}
        {provider && `${provider} · `}
        {listed.network} · at least grade {listed.grade}
      </p>
      {!open && <p className="small wrap">{reason ?? 'The service gives no reason.'}</p>}
    </li>
  );
}

interface Offers {
  /** Null before the first answer. */
  found: Listed[] | null;
  next: string | null;
  busy: boolean;
  problem: string;
  more: () => void;
}

/** The offers of a service, page by page. */
export function useOffers(service: string): Offers {
  const [state, setState] = useState(ASKING);
  const load = async (after: string | null) => {
    setState((before) => ({ ...before, busy: true, problem: '' }));
    try {
      const page = await listOffers(service, after);
      setState(({ found }) => ({
        found: [...(found ?? []), ...page.offers],
        next: page.next,
        busy: false,
        problem: '',
      }));
    } catch (error) {
      setState((before) => ({ ...before, busy: false, problem: message(error) }));
    }
  };
  useEffect(() => {
    void load(null);
  }, []);
  return { ...state, more: () => void load(state.next) };
}

const ASKING: Omit<Offers, 'more'> = { found: null, next: null, busy: true, problem: '' };
