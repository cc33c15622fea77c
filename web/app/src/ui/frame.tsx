// What stands around every page: brand, navigation, wallet.
import { useEffect, useRef, type ReactNode } from 'react';
import { short } from '../format.ts';
import { useWallet } from '../wallet/session.tsx';
import { catalogueAddress, type Route } from '../route.ts';

type Place = [Route['page'], string, string];
// Of a host that has one.
const CATALOGUE: Place[] = [['catalogue', '#/catalogue', 'Catalogue']];
const PAGES: Place[] = [
  ['activity', '#/activity', 'Activity'],
  ['account', '#/account', 'Accounts'],
];

export function Frame(props: { route: Route; title: string; children: ReactNode }) {
  const main = useRef<HTMLElement>(null);
  const place = JSON.stringify(props.route);
  const before = useRef(place);
  useEffect(() => {
    document.title = props.title;
  }, [props.title]);
  useEffect(() => {
    // Whoever moves by keyboard or hears the page goes on at its new content.
    if (before.current !== place) main.current?.focus();
    before.current = place;
  }, [place]);
  return (
    <>
      <header className="top">
        <div>
          <a className="brand" href="#/">
            <Mark />
            sealrun
          </a>
          <nav aria-label="Pages">
            {[...(catalogueAddress() ? CATALOGUE : []), ...PAGES].map(([page, href, name]) => (
              <a
                key={page}
                href={href}
                aria-current={props.route.page === page ? 'page' : undefined}
              >
                {name}
              </a>
            ))}
          </nav>
          <WalletState />
        </div>
      </header>
      <main ref={main} tabIndex={-1}>
        {props.children}
      </main>
      <footer>Runs in your browser. No account with us, no cookies, no tracking.</footer>
    </>
  );
}

function WalletState() {
  const { wallet, open, leave } = useWallet();
  if (!wallet)
    return (
      <button type="button" className="button" onClick={() => open()}>
        Connect wallet
      </button>
    );
  return (
    <button
      type="button"
      className="button connected"
      onClick={leave}
      title={`${wallet.name}: ${wallet.address}. Press to disconnect.`}
    >
      <span className="mono">{short(wallet.address, 4)}</span>
      <span className="hidden">connected by {wallet.name}; disconnect</span>
    </button>
  );
}

function Mark() {
  return (
    <svg viewBox="0 0 20 20" aria-hidden="true">
      <rect width="20" height="20" rx="5" />
      <path d="M5.5 10.5 8.7 13.6 14.5 7" fill="none" strokeWidth="2.2" strokeLinecap="round" />
    </svg>
  );
}
