// Without an offer in the address: what this page is, what its host sells, and where to put a link.
import { useState } from 'react';
import { catalogueAddress, homeService, parseRoute, serviceOf } from '../route.ts';
import { useServices } from '../state/services.ts';
import { OfferList, useOffers } from '../ui/offer_list.tsx';
import { Card, Note } from '../ui/parts.tsx';

const LEADS = ['offer', 'call', 'ticket', 'service'];

export function Home(props: { why?: string }) {
  const service = homeService();
  return (
    <>
      <div className="title">
        <h1>Run somebody’s pipeline, and prove what it did</h1>
        <p>
          A seller offers one job of a CI pipeline. You choose its inputs and sign once; it runs on
          the seller’s CI. You get a receipt that this page checks byte by byte.
        </p>
      </div>
      <div className="stack">
        {props.why && (
          <Note tone="warn" title="This address leads nowhere" alert>
            Expected a service, an offer, a run or a ticket; {props.why}.
          </Note>
        )}
        {catalogueAddress() && (
          <Card title="Catalogue">
            <p>
              Offers of many sellers, with prices and histories.{' '}
              <a href="#/catalogue">Search the catalogue</a>
            </p>
          </Card>
        )}
        {service && <OffersHere service={service} />}
        <OpenLink />
        <KnownServices except={service} />
      </div>
    </>
  );
}

/** A host that is no service, but has the page's files alone, lists nothing: that is no fault. */
function OffersHere(props: { service: string }) {
  const offers = useOffers(props.service);
  if (offers.found === null) return null;
  return <OfferList title="Offers here" offers={offers} service={props.service} />;
}

function KnownServices(props: { except: string | null }) {
  const services = useServices().filter((service) => service !== props.except);
  if (services.length === 0) return null;
  return (
    <Card title="Services that you bought at">
      <ul className="stack">
        {services.map((service) => (
          <li key={service}>
            <a href={serviceOf(service)}>{new URL(service).host}</a>
          </li>
        ))}
      </ul>
    </Card>
  );
}

function OpenLink() {
  const [link, setLink] = useState('');
  const [wrong, setWrong] = useState('');
  const go = () => {
    const text = link.trim();
    const fragment = text.includes('#') ? text.slice(text.indexOf('#')) : `#/${text}`;
    if (LEADS.includes(parseRoute(fragment, location.href).page)) location.hash = fragment;
    else setWrong('Expected the address of a service, an offer, a run, or a ticket.');
  };
  return (
    <Card title="Open a link">
      <form
        className="field"
        onSubmit={(event) => {
          event.preventDefault();
          go();
        }}
      >
        <label htmlFor="link">Address of a service, an offer, a run or a ticket</label>
        <input
          id="link"
          type="text"
          inputMode="url"
          autoComplete="off"
          spellCheck="false"
          placeholder="https://…/offers/…"
          value={link}
          aria-invalid={wrong !== ''}
          aria-describedby="link-help"
          onChange={(event) => {
            setLink(event.currentTarget.value);
            setWrong('');
          }}
        />
        <div id="link-help">
          {wrong && <p className="wrong">{wrong}</p>}
          <p className="help">Opening it shows what is offered. Nothing is started or signed.</p>
        </div>
        <button type="submit" className="button main">
          Open
        </button>
      </form>
    </Card>
  );
}
