// Opening a prepaid account: a deposit, a key that is saved first, one transaction that the wallet signs.
import { useEffect, useState } from 'react';
import { addressOf, isPublicKey, MINA, newKey } from '../../../shared/src/mina.ts';
import { fieldHex } from '../../../shared/src/fields.ts';
import { utf8 } from '../../../shared/src/bytes.ts';
import { termsHash } from '../../../shared/src/verification/documents.ts';
import { adopt, FEE, openAccount } from '../chain/fund.ts';
import { payerOnChain } from '../chain/node.ts';
import { useNode } from '../chain/nodes.ts';
import { amount, duration, message, mina, parseAmount, percent, short } from '../format.ts';
import { useLoaded } from '../load.ts';
import { placeOf } from '../route.ts';
import { getOffer } from '../service/api.ts';
import type { Offer, Priced, Terms } from '../service/offer.ts';
import { useAccounts } from '../state/accounts.ts';
import { useTransactions } from '../state/transactions.ts';
import { save } from '../ui/files.tsx';
import { AmountField, NodeChoice, PINNED, TransferButton, useTransfer } from '../ui/money.tsx';
import { Badge, Card, Failed, Figures, Note } from '../ui/parts.tsx';
import { Waiting } from '../ui/waiting.tsx';
import { keyWallet } from '../wallet/key_file.ts';
import { useWallet } from '../wallet/session.tsx';

// Of 180 s before Mesa, for an estimate.
const SLOT_SECONDS = 180;
const RUNS = 4n;

export function OpenPage(props: {
  service: string;
  offer: string;
  named: (title: string) => void;
}) {
  const { service, offer } = props;
  const loaded = useLoaded(`${service} ${offer}`, async () => {
    const view = await getOffer(service, offer);
    props.named('Open an account');
    return view;
  });
  if (loaded === null) return <p className="quiet">Reading the offer…</p>;
  if ('problem' in loaded)
    return <Failed title="This offer cannot be shown">{loaded.problem}</Failed>;
  const { open, reason, dropped } = loaded.value;
  const { prices } = loaded.value.offer;
  if (prices.length === 0)
    return <Failed title="This offer needs no account">It is free: just run it.</Failed>;
  const price = prices.find(({ asset }) => asset === MINA);
  if (!price)
    return (
      <Failed title="This offer is paid in tokens only">
        Opening an account in {prices[0]?.symbol} takes a proof, which the command makes: see the
        offer.
      </Failed>
    );
  const closed = open ? dropped.find(({ asset }) => asset === MINA)?.reason : (reason ?? 'closed');
  return <Shown service={service} offer={loaded.value.offer} price={price} closed={closed} />;
}

/** `closed`: why no run is sold at the price now, if none is. A deposit comes back only after the exit delay. */
function Shown(props: {
  service: string;
  offer: Offer;
  price: Priced;
  closed?: string | undefined;
}) {
  const { service, offer, price, closed } = props;
  const { terms } = price;
  const hash = fieldHex(termsHash(terms));
  const [text, setText] = useState(amount(price.amount * RUNS));
  const [secret, setSecret] = useState('');
  const account = secret === '' ? '' : addressOf(secret);
  const [node] = useNode(terms.network);
  const { wallet, open } = useWallet();
  const transfer = useTransfer(terms.network, account);
  const deposit = parseAmount(text);
  const kept = useTransactions().find((one) => one.kind === 'open' && one.terms === hash);
  const opened = useAccounts().find((one) => one.terms === hash && one.address === account);
  const start = () => {
    if (!wallet || (wallet.network ?? terms.network) !== terms.network) return open(terms.network);
    if (deposit === undefined) return transfer.setProblem('Name the deposit first.');
    if (secret === '')
      return transfer.setProblem('Save the account’s key first, and choose the saved file.');
    void transfer.run((hooks) =>
      openAccount({ service, terms, node, wallet, amount: deposit, ...hooks }, secret),
    );
  };
  return (
    <>
      <div className="title">
        <h1>Open a prepaid account</h1>
        <p>
          For “{offer.title}” and every offer of the same terms. The money stays yours until a run
          succeeds that you signed for, and you can leave without anybody’s consent.
        </p>
      </div>
      <div className="columns">
        <div className="stack">
          {kept ? (
            <Waiting
              key={kept.command}
              kept={kept}
              done={() => (location.hash = `#/account/${kept.account}`)}
            />
          ) : opened ? (
            <Note tone="good" title="This account is open">
              <a href={`#/account/${account}`}>Look at it</a>
            </Note>
          ) : (
            <>
              <Card title="1. Deposit">
                <AmountField
                  label="First deposit"
                  text={text}
                  change={setText}
                  disabled={transfer.busy}
                  help={runsWords(deposit, price.amount)}
                />
                <NodeChoice network={terms.network} disabled={transfer.busy} />
              </Card>
              <KeyCard secret={secret} choose={setSecret} busy={transfer.busy} />
            </>
          )}
          <Known service={service} terms={terms} node={node} />
        </div>
        <aside className="aside" aria-label="Summary">
          <Card title={kept || opened ? 'Terms' : '3. Sign and open'}>
            {!kept && !opened && (
              <>
                <p className="price">
                  <strong>
                    {deposit === undefined ? '–' : amount(deposit + PINNED.creation + FEE)}
                  </strong>
                  MINA in all
                </p>
                <Figures
                  items={[
                    ['Deposit, yours', deposit === undefined ? '–' : mina(deposit)],
                    ['Creation of an account, once', mina(PINNED.creation)],
                    ['Network fee', mina(FEE)],
                  ]}
                />
                <WalletMoney node={node} network={terms.network} />
                <hr />
              </>
            )}
            <Figures
              items={[
                ['Seller', <span className="mono">{short(terms.seller, 5)}</span>],
                ['Operator’s share, from the seller', percent(terms.operator_share)],
                ['Leaving takes', `${terms.exit_delay} slots, ${slotsWords(terms.exit_delay)}`],
                ['Network', terms.network],
                ['At', new URL(service).host],
              ]}
            />
            {!kept && !opened && closed !== undefined && (
              <Note tone="warn" title="No run is sold at this price now">
                {closed}. An account is opened here once it is.
              </Note>
            )}
            {!kept && !opened && closed === undefined && (
              <TransferButton transfer={transfer} start={start}>
                Sign and open
              </TransferButton>
            )}
            <a className="small" href={placeOf(service, 'offers', offer.hash)}>
              Back to the offer
            </a>
          </Card>
        </aside>
      </div>
    </>
  );
}

/** The key comes out of the saved file, so nothing can be sent before there is one. */
function KeyCard(props: { secret: string; choose: (secret: string) => void; busy: boolean }) {
  const { secret, choose, busy } = props;
  const [made, setMade] = useState('');
  const [problem, setProblem] = useState('');
  const make = () => {
    const key = newKey();
    const address = addressOf(key);
    setMade(address);
    choose('');
    setProblem('');
    save(`sealrun-account-${address.slice(0, 12)}.key`, utf8(`${key}\n`));
  };
  const read = async (file: File | undefined) => {
    if (!file) return;
    try {
      const text = (await file.slice(0, 1024).text()).trim();
      keyWallet(text, addressOf);
      choose(text);
      setProblem('');
    } catch (error) {
      choose('');
      setProblem(message(error));
    }
  };
  return (
    <Card
      title="2. The account’s key"
      side={secret === '' ? undefined : <Badge tone="good">Saved and read back</Badge>}
    >
      <p className="quiet">
        The account gets a key of its own. It has no power over the money today. After some upgrades
        of Mina, whoever holds it could replace the account’s code once, so keep the file as safe as
        your wallet. This page keeps no copy.
      </p>
      <div>
        <button type="button" className="button" disabled={busy} onClick={make}>
          {made === '' ? 'Make a key and save it' : 'Make another key'}
        </button>
      </div>
      <div className="field">
        <label htmlFor="account-key">The saved file</label>
        <input
          id="account-key"
          type="file"
          disabled={busy}
          aria-describedby="account-key-help"
          onChange={(event) => void read(event.currentTarget.files?.[0])}
        />
        <p className="help" id="account-key-help">
          {made !== '' && secret === ''
            ? 'Now choose the file that was saved. Nothing is sent before it was read back.'
            : 'The page reads the key back from the file, which shows that it is there.'}
        </p>
      </div>
      {secret !== '' && (
        <Figures
          items={[
            ['Address of the account', <span className="mono">{short(addressOf(secret), 8)}</span>],
          ]}
        />
      )}
      {made !== '' && secret !== '' && addressOf(secret) !== made && (
        <Note tone="warn">
          This file holds another key than the one that was made last. The account will be at the
          address shown.
        </Note>
      )}
      {problem && (
        <Note tone="bad" alert>
          {problem}
        </Note>
      )}
    </Card>
  );
}

function WalletMoney(props: { node: string; network: string }) {
  const { node, network } = props;
  const { wallet } = useWallet();
  const [text, setText] = useState('');
  useEffect(() => {
    let current = true;
    setText('');
    if (!wallet) return;
    payerOnChain(node, wallet.address, network).then(
      ({ balance }) => current && setText(mina(balance)),
      (error: unknown) => current && setText(message(error)),
    );
    return () => {
      current = false;
    };
  }, [wallet, node, network]);
  if (!wallet || text === '') return null;
  return <Figures items={[['In your wallet', text]]} />;
}

/** An account that was opened elsewhere: looked up, checked, and kept. */
function Known(props: { service: string; terms: Terms; node: string }) {
  const { service, terms, node } = props;
  const [address, setAddress] = useState('');
  const [problem, setProblem] = useState('');
  const [busy, setBusy] = useState(false);
  const look = async () => {
    setBusy(true);
    setProblem('');
    try {
      const view = await adopt(node, address, terms, service);
      if (view === null) throw new Error('There is no account at this address.');
      location.hash = `#/account/${address}`;
    } catch (error) {
      setProblem(message(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <details>
      <summary>I have opened it before</summary>
      <form
        className="field"
        onSubmit={(event) => {
          event.preventDefault();
          void look();
        }}
      >
        <label htmlFor="known">Address of the account</label>
        <input
          id="known"
          type="text"
          placeholder="B62…"
          spellCheck="false"
          autoComplete="off"
          value={address}
          onChange={(event) => setAddress(event.currentTarget.value.trim())}
        />
        <div>
          <button type="submit" className="button" disabled={busy || !isPublicKey(address)}>
            {busy ? 'Looking…' : 'Look it up'}
          </button>
        </div>
        {problem && (
          <Note tone="bad" alert>
            {problem}
          </Note>
        )}
      </form>
    </details>
  );
}

function runsWords(deposit: bigint | undefined, price: bigint): string {
  if (deposit === undefined || price === 0n) return 'You can add more at any time.';
  const runs = deposit / price;
  const words = runs === 0n ? 'No run' : runs === 1n ? 'One run' : `${runs} runs`;
  return `${words} at ${mina(price)} each. You can add more at any time.`;
}

export function slotsWords(slots: number): string {
  return `about ${duration(slots * SLOT_SECONDS)}`;
}
