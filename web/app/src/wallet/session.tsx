// The wallet of this tab. It is opened by a press of a button only, and forgotten with the tab.
import { createContext, useContext, useEffect, useRef, useState, type ReactNode } from 'react';
import { addressOf } from '../../../shared/src/mina.ts';
import { message } from '../format.ts';
import { Note } from '../ui/parts.tsx';
import { connectAuro, findProvider } from './auro.ts';
import { keyWallet } from './key_file.ts';
import { Declined, type Wallet } from './wallet.ts';

interface Session {
  wallet: Wallet | null;
  /** Ask for a wallet on this network, or on the one that was asked for last. */
  open: (network?: string) => void;
  leave: () => void;
}

const NETWORK = 'mina:devnet';
const Context = createContext<Session>({ wallet: null, open: () => {}, leave: () => {} });

export function useWallet(): Session {
  return useContext(Context);
}

export function WalletSession(props: { children: ReactNode }) {
  const [wallet, setWallet] = useState<Wallet | null>(null);
  const [network, setNetwork] = useState(NETWORK);
  const [asking, setAsking] = useState(false);
  const open = (wanted = network) => {
    setNetwork(wanted);
    setAsking(true);
  };
  const session = { wallet, open, leave: () => setWallet(null) };
  return (
    <Context value={session}>
      {props.children}
      {asking && (
        <Connect
          network={network}
          close={() => setAsking(false)}
          // Whoever changes account or network in the wallet connects again, and sees whose it is.
          left={(gone) => setWallet((now) => (now === gone ? null : now))}
          connected={(chosen) => {
            setWallet(chosen);
            setAsking(false);
          }}
        />
      )}
    </Context>
  );
}

function Connect(props: {
  network: string;
  close: () => void;
  connected: (wallet: Wallet) => void;
  left: (wallet: Wallet) => void;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [problem, setProblem] = useState('');
  const [busy, setBusy] = useState(false);
  useEffect(() => dialog.current?.showModal(), []);

  const auro = async () => {
    const provider = await findProvider();
    if (!provider)
      throw new Error('This browser has no Auro wallet. Install it from aurowallet.com.');
    props.connected(await connectAuro(provider, props.network, props.left));
  };
  const file = async (chosen: File | undefined) => {
    if (chosen) props.connected(keyWallet(await chosen.slice(0, 1024).text(), addressOf));
  };
  const attempt = (step: () => Promise<void>) => {
    setBusy(true);
    setProblem('');
    step()
      .catch((error: unknown) => {
        setProblem(
          error instanceof Declined
            ? 'Declined in the wallet. Nothing was shared.'
            : message(error),
        );
      })
      .finally(() => setBusy(false));
  };

  return (
    <dialog ref={dialog} onClose={props.close} aria-labelledby="connect">
      <div className="body">
        <h2 id="connect">Connect a wallet</h2>
        <p className="quiet">
          It signs lists of numbers. This page shows what each number means before you confirm.
        </p>
        {problem && (
          <Note tone="bad" alert>
            {problem}
          </Note>
        )}
        <button
          type="button"
          className="button main wide"
          disabled={busy}
          onClick={() => attempt(auro)}
        >
          {busy ? 'Waiting for the wallet…' : 'Auro wallet'}
        </button>
        <hr />
        <div className="field">
          <label htmlFor="key-file">Key file of the sealrun command</label>
          <input
            id="key-file"
            type="file"
            aria-describedby="key-help"
            onChange={(event) => {
              const chosen = event.currentTarget.files?.[0];
              attempt(() => file(chosen));
            }}
          />
          <p className="help" id="key-help">
            Made by <code>sealrun key FILE --new</code>. It stays in this tab and is never stored or
            sent. Use it for small amounts only.
          </p>
        </div>
        <button type="button" className="button" onClick={props.close}>
          Cancel
        </button>
      </div>
    </dialog>
  );
}
