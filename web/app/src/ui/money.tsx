// Parts of every page that moves money: an amount, a node, and the transaction that a wallet is asked to sign.
import { useState, type ReactNode } from 'react';
import type { Decoded } from '../../../shared/src/chain/transaction.ts';
import { CODE, CREATION_FEE } from '../../../shared/src/chain/opening.ts';
import { nodesOf, useNode } from '../chain/nodes.ts';
import { hostOf } from '../chain/node.ts';
import type { Change } from '../chain/sign_transaction.ts';
import { message, mina, parseAmount, short } from '../format.ts';
import { useWallet } from '../wallet/session.tsx';
import { Declined } from '../wallet/wallet.ts';
import { Figures, Note } from './parts.tsx';

export function AmountField(props: {
  label: string;
  text: string;
  change: (text: string) => void;
  help?: string;
  disabled?: boolean;
}) {
  const { label, text, change, help, disabled } = props;
  const wrong = text !== '' && parseAmount(text) === undefined;
  return (
    <div className="field">
      <label htmlFor="amount">{label}</label>
      <div className="unit">
        <input
          id="amount"
          type="text"
          inputMode="decimal"
          autoComplete="off"
          value={text}
          disabled={disabled}
          aria-invalid={wrong}
          aria-describedby="amount-help"
          onChange={(event) => change(event.currentTarget.value)}
        />
        <span className="quiet">MINA</span>
      </div>
      <div id="amount-help">
        {wrong && <p className="wrong">Expected an amount above 0, such as 20 or 7.5.</p>}
        {help && <p className="help">{help}</p>}
      </div>
    </div>
  );
}

/** Which Mina node is asked: one of the list, never one that a link names. */
export function NodeChoice(props: { network: string; disabled?: boolean }) {
  const { network, disabled } = props;
  const [node, choose] = useNode(network);
  const all = nodesOf(network);
  return (
    <div className="field">
      <label htmlFor="node">Mina node</label>
      <select
        id="node"
        value={node}
        disabled={disabled}
        aria-describedby="node-help"
        onChange={(event) => choose(event.currentTarget.value)}
      >
        {all.map((url) => (
          <option key={url} value={url}>
            {hostOf(url)}
          </option>
        ))}
      </select>
      <p className="help" id="node-help">
        It is asked for balances and passes on what you sign. What it says of the account is checked
        property by property.
      </p>
    </div>
  );
}

/** What the wallet is asked to sign, read out of the transaction itself. */
export function TransactionShown(props: {
  shown: Decoded;
  network: string;
  /** The account that gets money. */
  to: string;
}) {
  const { shown, network, to } = props;
  const paid = -(shown.changes.get(shown.from) ?? 0n);
  const got = shown.changes.get(to) ?? 0n;
  const opens = shown.code !== null;
  return (
    <Note tone="warn" title="Compare with your wallet">
      <p className="small">It is asked to sign this, and to send nothing:</p>
      <dl className="signed small">
        <Row name="Amount" value={mina(got)} />
        {opens && <Row name="Creation of the account" value={mina(paid - got)} />}
        <Row name="Network fee" value={mina(shown.fee)} />
        <Row name={opens ? 'To the new account' : 'To the account'} value={short(to, 5)} mono />
        <Row name="From your wallet" value={short(shown.from, 5)} mono />
        <Row name="Number of the transaction" value={String(shown.nonce)} />
        <Row name="Network" value={network} />
      </dl>
      {opens && (
        <p className="small">
          The wallet may call permissions that are “Impossible” a risk. Here they keep every key,
          also the seller’s and the account’s own, from changing this account.
        </p>
      )}
    </Note>
  );
}

function Row(props: { name: string; value: string; mono?: boolean }) {
  return (
    <div>
      <dt>{props.name}</dt>
      <dd className={props.mono ? 'mono' : undefined}>{props.value}</dd>
    </div>
  );
}

/** The holder changed something in the wallet: what is sent is what was signed, once it is agreed to here. */
function Agreement(props: { changes: Change[]; answer: (yes: boolean) => void }) {
  return (
    <Note tone="warn" title="Your wallet changed the transaction" alert>
      <Figures items={props.changes.map(({ name, from, to }) => [name, `${from} → ${to}`])} />
      <div className="row">
        <button type="button" className="button" onClick={() => props.answer(true)}>
          Send it as signed
        </button>
        <button type="button" className="button" onClick={() => props.answer(false)}>
          Do not send
        </button>
      </div>
    </Note>
  );
}

/** One transfer at a time: what is shown while it is signed, and how it ended. */
export function useTransfer(network: string, to: string) {
  const [busy, setBusy] = useState(false);
  const [shown, setShown] = useState<Decoded | null>(null);
  const [asked, setAsked] = useState<{ changes: Change[]; answer: (yes: boolean) => void }>();
  const [problem, setProblem] = useState('');
  const [declined, setDeclined] = useState('');
  const run = async (
    work: (hooks: {
      show: (shown: Decoded | null) => void;
      agree: (changes: Change[]) => Promise<boolean>;
    }) => Promise<unknown>,
  ) => {
    setBusy(true);
    setProblem('');
    setDeclined('');
    try {
      await work({
        show: setShown,
        agree: (changes) => new Promise((answer) => setAsked({ changes, answer })),
      });
    } catch (error) {
      if (error instanceof Declined) setDeclined(error.message);
      else setProblem(message(error));
    } finally {
      setBusy(false);
    }
  };
  const panel = (
    <div role="status" aria-live="polite">
      {shown && <TransactionShown shown={shown} network={network} to={to} />}
      {asked && (
        <Agreement
          changes={asked.changes}
          answer={(yes) => {
            setAsked(undefined);
            asked.answer(yes);
          }}
        />
      )}
      {declined && <Note>{declined}</Note>}
      {problem && (
        <Note tone="bad" alert>
          {problem}
        </Note>
      )}
    </div>
  );
  return { busy, confirming: shown !== null, run, panel, setProblem };
}

/** The one button of a transfer, which says what it waits for, and below it how the transfer stands. */
export function TransferButton(props: {
  transfer: ReturnType<typeof useTransfer>;
  start: () => void;
  /** What a press does once a wallet is connected. */
  children: ReactNode;
}) {
  const { transfer, start, children } = props;
  const { wallet } = useWallet();
  return (
    <>
      <button
        type="button"
        className="button main wide"
        disabled={transfer.busy}
        aria-busy={transfer.busy}
        onClick={start}
      >
        {!wallet
          ? 'Connect wallet'
          : transfer.confirming
            ? 'Confirm in your wallet'
            : transfer.busy
              ? 'Asking the node…'
              : children}
      </button>
      {transfer.panel}
    </>
  );
}

/** The pinned code and what an account costs, for those who compare. */
export const PINNED = { code: CODE.hash, creation: CREATION_FEE };
