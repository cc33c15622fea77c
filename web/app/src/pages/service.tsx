// A service: what it sells.
import { useEffect } from 'react';
import { OfferList, useOffers } from '../ui/offer_list.tsx';

export function ServicePage(props: { service: string; named: (title: string) => void }) {
  const { service, named } = props;
  const { host } = new URL(service);
  const offers = useOffers(service);
  useEffect(() => named(host), [host]);
  return (
    <>
      <div className="title">
        <p className="small quiet">Service</p>
        <h1>{host}</h1>
      </div>
      <OfferList title="Offers" offers={offers} service={service} />
    </>
  );
}
