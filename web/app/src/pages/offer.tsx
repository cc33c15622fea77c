// An offer: what it is, its form, and one button that lets the wallet sign.
import { lazy, Suspense, useEffect, useMemo, useState } from 'react';
import { inputNames } from '../../../shared/src/inputs.ts';
import { termsHash } from '../../../shared/src/verification/documents.ts';
import { fieldHex } from '../../../shared/src/fields.ts';
import { MINA } from '../../../shared/src/mina.ts';
import type { Said } from '../assistant/talk.tsx';
import { buy } from '../buy.ts';
import { command } from '../command.ts';
import { message, priced, type Unit } from '../format.ts';
import { checkDraft, draftFromLink, type Draft } from '../inputs.ts';
import { useLoaded } from '../load.ts';
import { openingOf, placeOf } from '../route.ts';
import { getOffer, takenPrices, type OfferView } from '../service/api.ts';
import type { Offer, Priced } from '../service/offer.ts';
import { checkNamedOffers } from '../service/named.ts';
import { useAccounts, type Account } from '../state/accounts.ts';
import { draftOf, noteLook } from '../state/looked.ts';
import { Fields } from '../ui/fields.tsx';
import { Missing } from '../ui/missing.tsx';
import { Heading, WhatIsProved, WhatIsPublic, WhatRuns } from '../ui/offer_parts.tsx';
import { Badge, Card, Code, Copy, Failed, Note, Tabs } from '../ui/parts.tsx';
import { Summary } from '../ui/summary.tsx';
import { useWallet } from '../wallet/session.tsx';
import type { Numeral } from '../wallet/sign.ts';
import { Declined } from '../wallet/wallet.ts';

const Assistant = lazy(async () => ({
  default: (await import('../assistant/assistant.tsx')).Assistant,
}));
const OfferHistory = lazy(async () => ({
  default: (await import('../ui/offer_history.tsx')).OfferHistory,
}));

const TABS = ['Form', 'Assistant', 'Command'] as const;

export function OfferPage(props: {
  service: string;
  offer: string;
  given: Record<string, string>;
  named: (title: string) => void;
}) {
  const { service, offer } = props;
  const loaded = useLoaded(`${service} ${offer}`, async () => {
    const view = await getOffer(service, offer);
    props.named(view.offer.title);
    return view;
  });
  if (loaded === null) return <p className="quiet">Reading the offer…</p>;
  if ('problem' in loaded)
    return <Failed title="This offer cannot be shown">{loaded.problem}</Failed>;
  return <Shown {...props} view={loaded.value} />;
}

function Shown(props: { service: string; given: Record<string, string>; view: OfferView }) {
  const { service, view } = props;
  const { offer } = view;
  const proposed = useMemo(() => draftFromLink(offer.inputs, props.given), [offer, props.given]);
  // What was typed before counts, unless the link says something else.
  const [draft, setDraft] = useState<Draft>(() => ({
    ...draftOf(service, offer.hash),
    ...proposed,
  }));
  // Where a value came from, until a hand changes it.
  const [marks, setMarks] = useState<Record<string, string>>(() =>
    Object.fromEntries(Object.keys(proposed).map((name) => [name, 'from the link'])),
  );
  const [tab, setTab] = useState<(typeof TABS)[number]>('Form');
  const [said, setSaid] = useState<Said[]>([]);
  const [pressed, setPressed] = useState(false);
  const { inputs, wrong } = checkDraft(offer.inputs, draft);
  const order = useOrder(service, view, inputs);
  useEffect(() => {
    const { hash, title, prices } = offer;
    const terms = prices.map((price) => fieldHex(termsHash(price.terms)));
    noteLook({ service, offer: hash, title, terms, draft });
  }, [service, offer, draft]);

  const change = (name: string, value: string | boolean | undefined) => {
    setDraft({ ...draft, [name]: value });
    const { [name]: _, ...others } = marks;
    setMarks(others);
  };
  // What is missing is said once somebody wants to go on; what is wrong is said while it is typed.
  const shown = Object.fromEntries(
    Object.entries(wrong).filter(([name]) => pressed || draft[name] !== undefined),
  );
  const propose = (values: Draft, why: Record<string, string>) => {
    setDraft({ ...draft, ...values });
    setMarks({ ...marks, ...why });
  };
  const run = () => {
    setPressed(true);
    if (tab === 'Command') setTab('Form');
    if (Object.keys(wrong).length === 0) void order.run();
    else requestAnimationFrame(focusWrong);
  };
  const count = Object.keys(shown).length;
  const action = {
    ...order,
    run,
    problem:
      count > 0
        ? count === 1
          ? 'One input needs a look.'
          : `${count} inputs need a look.`
        : order.problem,
  };
  return (
    <>
      <div className="columns">
        <div className="stack">
          <Heading offer={offer}>
            <Badge tone={view.open ? 'good' : 'warn'}>{view.open ? 'Open' : 'Closed'}</Badge>
          </Heading>
          {!view.open && (
            <Note tone="warn" title="This offer takes no runs now">
              {view.reason ?? 'The service gives no reason.'}
            </Note>
          )}
          {view.open && view.dropped.length > 0 && (
            <Note tone="warn" title="Not every price takes runs now">
              {view.dropped.map(({ symbol, reason }) => `${symbol}: ${reason}`).join('; ')}
            </Note>
          )}
          {view.letters && (
            <Note title="This seller runs no server">
              {view.letters === 'calls'
                ? 'A scheduled pipeline takes calls out of a bucket. The command drops them there; see Command.'
                : 'A scheduled pipeline takes tickets alone. Ask the seller for one.'}
            </Note>
          )}
          <Card
            title="Inputs"
            side={<Tabs names={TABS} chosen={tab} choose={setTab} label="How to run it" />}
          >
            {tab === 'Assistant' && (
              <Missing>
                <Suspense fallback={<p className="quiet">Loading…</p>}>
                  <Assistant offer={offer} said={said} say={setSaid} propose={propose} />
                </Suspense>
              </Missing>
            )}
            {tab === 'Command' ? (
              <CommandTab text={command(service, offer, inputs, order.price)} />
            ) : inputNames(offer.inputs).length === 0 ? (
              <p className="quiet">This run takes no inputs.</p>
            ) : (
              <form
                className="stack"
                autoComplete="off"
                onSubmit={(event) => {
                  event.preventDefault();
                  run();
                }}
              >
                <Fields
                  schema={offer.inputs}
                  draft={draft}
                  change={change}
                  wrong={shown}
                  marks={marks}
                  at={{ service, offer }}
                />
                <button type="submit" className="hidden" tabIndex={-1} aria-hidden="true" />
              </form>
            )}
          </Card>
          <WhatRuns offer={offer} />
          <WhatIsPublic policy={offer.evidence} />
          <WhatIsProved policy={offer.evidence} />
          {offer.evidence.inputs === 'public' && <Counted service={service} offer={offer} />}
        </div>
        <aside className="aside" aria-label="Summary">
          <Summary service={service} view={view} action={action} />
        </aside>
      </div>
      <div className="bar">
        <span>
          <strong>{action.price ? priced(action.price) : paid(offer) ? '–' : 'Free'}</strong>
          {action.price && <span className="quiet small"> if it succeeds</span>}
        </span>
        <button
          type="button"
          className="button main"
          disabled={action.busy || !takesCalls(view)}
          onClick={run}
        >
          {action.short}
        </button>
      </div>
    </>
  );
}

/** False too where calls are dropped as letters, which this page does for tickets only. */
export function takesCalls(view: OfferView): boolean {
  const taken = !paid(view.offer) || takenPrices(view).length > 0;
  return view.open && view.letters === undefined && taken;
}

export function paid({ prices }: Offer): boolean {
  return prices.length > 0;
}

/** The first input that needs a look; what is wrong with it is read out there. */
function focusWrong(): void {
  document.querySelector<HTMLElement>('main form [aria-invalid="true"]')?.focus();
}

function CommandTab(props: { text: string }) {
  return (
    <>
      <p className="quiet">
        The same run by the sealrun command, with a key file instead of a wallet.
      </p>
      <Code text={props.text} label="Command" fold />
      <div>
        <Copy text={props.text} what="command" />
      </div>
    </>
  );
}

/** What the one button does now, and everything that is shown while it does it. */
export interface Action {
  run: () => void;
  label: string;
  short: string;
  busy: boolean;
  numerals: Numeral[] | null;
  problem: string;
  declined: boolean;
  /** The price that is chosen; none of a free run, and none where no price takes runs now. */
  price: Priced | undefined;
  pickPrice: (asset: string) => void;
  /** Of this browser's accounts, those that pay this price, and the address of the one that is chosen. */
  mine: Account[];
  account: string;
  choose: (address: string) => void;
}

function useOrder(service: string, view: OfferView, inputs: Parameters<typeof buy>[0]['inputs']) {
  const { offer } = view;
  const { wallet, open } = useWallet();
  const [numerals, setNumerals] = useState<Numeral[] | null>(null);
  const [problem, setProblem] = useState('');
  const [declined, setDeclined] = useState(false);
  const [busy, setBusy] = useState(false);
  const [chosen, setChosen] = useState('');
  const [asset, pickPrice] = useState('');
  const accounts = useAccounts();
  // What was picked, else what an account of this browser pays, else the first.
  const prices = takenPrices(view);
  const price =
    prices.find((one) => one.asset === asset) ??
    prices.find((one) => payersOf(one, accounts).length > 0) ??
    prices[0];
  const mine = price ? payersOf(price, accounts) : [];
  const account = mine.find(({ address }) => address === chosen) ?? mine[0];

  const run = async () => {
    setProblem('');
    setDeclined(false);
    if (price && !account) {
      if (price.asset === MINA) location.hash = openingOf(service, offer.hash);
      else setProblem(`Open an account in ${price.symbol} with the command, and name it here.`);
      return;
    }
    if (!wallet || (wallet.network ?? offer.network) !== offer.network) return open(offer.network);
    setBusy(true);
    try {
      await checkNamedOffers(offer, inputs);
      const order = {
        service,
        view,
        inputs,
        wallet,
        paying: price && account && { price, account },
        show: setNumerals,
      };
      location.hash = placeOf(service, 'calls', await buy(order));
    } catch (error) {
      if (error instanceof Declined) setDeclined(true);
      else setProblem(message(error));
    } finally {
      setBusy(false);
    }
  };
  return {
    run,
    ...labels(account ? undefined : price, wallet !== null, numerals !== null, busy),
    busy,
    numerals,
    problem,
    declined,
    price,
    pickPrice,
    mine,
    account: account?.address ?? '',
    choose: setChosen,
  };
}

function payersOf({ terms }: Priced, accounts: Account[]): Account[] {
  const hash = fieldHex(termsHash(terms));
  return accounts.filter((account) => account.terms === hash);
}

/** What the one button says: what a press does next, or what is being waited for. */
function labels(
  needsAccount: Unit | undefined,
  connected: boolean,
  signing: boolean,
  busy: boolean,
) {
  if (needsAccount?.symbol === 'MINA')
    return { label: 'Open an account', short: 'Open an account' };
  if (needsAccount)
    return { label: `Needs an account in ${needsAccount.symbol}`, short: 'Needs an account' };
  if (!connected) return { label: 'Connect wallet', short: 'Connect' };
  if (signing) return { label: 'Confirm in your wallet', short: 'Confirm…' };
  if (busy) return { label: 'Sending…', short: 'Sending…' };
  return { label: 'Sign and run', short: 'Sign and run' };
}

/** Its history, counted once somebody asks: a link to an offer loads none of it. */
function Counted(props: { service: string; offer: Offer }) {
  const [asked, setAsked] = useState(false);
  return (
    <Card title="History">
      {asked ? (
        <Suspense fallback={<p className="quiet">Loading…</p>}>
          <OfferHistory {...props} />
        </Suspense>
      ) : (
        <div>
          <button type="button" className="button" onClick={() => setAsked(true)}>
            Count its receipts
          </button>
        </div>
      )}
    </Card>
  );
}
