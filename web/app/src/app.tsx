// The page that the address names, within its frame.
import { lazy, Suspense, useCallback, useState } from 'react';
import { OfferPage } from './pages/offer.tsx';
import { useRoute, type Route } from './route.ts';
import { Frame } from './ui/frame.tsx';
import { Note } from './ui/parts.tsx';
import { Missing } from './ui/missing.tsx';
import { WalletSession } from './wallet/session.tsx';

// Loaded when they are shown; a link to an offer needs none of them.
const Accounts = lazy(async () => ({ default: (await import('./pages/accounts.tsx')).Accounts }));
const Activity = lazy(async () => ({ default: (await import('./pages/activity.tsx')).Activity }));
const CallPage = lazy(async () => ({ default: (await import('./pages/call.tsx')).CallPage }));
const CataloguePage = lazy(async () => ({
  default: (await import('./pages/catalogue.tsx')).CataloguePage,
}));
const Home = lazy(async () => ({ default: (await import('./pages/home.tsx')).Home }));
const ServicePage = lazy(async () => ({
  default: (await import('./pages/service.tsx')).ServicePage,
}));
const OpenPage = lazy(async () => ({ default: (await import('./pages/open.tsx')).OpenPage }));
const TicketPage = lazy(async () => ({ default: (await import('./pages/ticket.tsx')).TicketPage }));

const TITLES: Partial<Record<Route['page'], string>> = {
  activity: 'Activity',
  account: 'Accounts',
  catalogue: 'Catalogue',
};

export function App() {
  const route = useRoute();
  const [named, setNamed] = useState<{ place: string; title: string }>();
  const place = JSON.stringify(route);
  const name = useCallback((title: string) => setNamed({ place, title }), [place]);
  const title = named?.place === place ? named.title : TITLES[route.page];
  return (
    <WalletSession>
      <Frame route={route} title={title ? `${title} · sealrun` : 'sealrun'}>
        {sharesItsOrigin() && (
          <Note tone="warn" title="This gateway shows other people’s pages under the same address">
            They could read what this page keeps, and use your wallet’s permission. Open it under an
            address of its own.
          </Note>
        )}
        <Missing key={place}>
          <Suspense fallback={<p className="quiet">Loading…</p>}>
            <Page route={route} named={name} />
          </Suspense>
        </Missing>
      </Frame>
    </WalletSession>
  );
}

function Page(props: { route: Route; named: (title: string) => void }) {
  const { route, named } = props;
  switch (route.page) {
    case 'offer':
      return <OfferPage {...route} named={named} />;
    case 'call':
      return <CallPage {...route} named={named} />;
    case 'ticket':
      return <TicketPage fragment={route.fragment} named={named} />;
    case 'activity':
      return <Activity />;
    case 'account':
      return <Accounts address={route.address} />;
    case 'open':
      return <OpenPage {...route} named={named} />;
    case 'service':
      return <ServicePage key={route.service} service={route.service} named={named} />;
    case 'catalogue':
      return <CataloguePage key={JSON.stringify(route.given)} given={route.given} />;
    case 'unknown':
      return <Home why={route.why} />;
    default:
      return <Home />;
  }
}

/** Under `/ipfs/…` and `/ipns/…` a gateway's every page has one storage and one permission of the wallet. */
function sharesItsOrigin(): boolean {
  return /^\/ip[fn]s\//.test(location.pathname);
}
