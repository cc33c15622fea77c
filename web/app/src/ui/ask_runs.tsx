// A button that lets a service list all runs of an account, with one signature of its buyer.
import { useState } from 'react';
import { listCalls, type Listed } from '../calls_right.ts';
import { message } from '../format.ts';
import { useWallet } from '../wallet/session.tsx';
import type { Numeral } from '../wallet/sign.ts';
import { Declined } from '../wallet/wallet.ts';
import { Numerals } from './numerals.tsx';
import { Note } from './parts.tsx';

export function AskRuns(props: Listed & { label: string }) {
  const { service, network, account, label } = props;
  const { wallet, open } = useWallet();
  const [busy, setBusy] = useState(false);
  const [found, setFound] = useState('');
  const [problem, setProblem] = useState('');
  const [numerals, setNumerals] = useState<Numeral[] | null>(null);
  const look = async () => {
    if (!wallet || (wallet.network ?? network) !== network) return open(network);
    setBusy(true);
    setProblem('');
    setFound('');
    try {
      const count = await listCalls({ service, network, account }, wallet, setNumerals);
      setFound(count === 1 ? 'It lists 1 run.' : `It lists ${count} runs.`);
    } catch (error) {
      setProblem(error instanceof Declined ? 'Declined in the wallet.' : message(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      <div className="row">
        <button type="button" className="button" disabled={busy} onClick={() => void look()}>
          {label}
        </button>
        <span className="quiet small" role="status">
          {found}
        </span>
      </div>
      {numerals && <Numerals numerals={numerals} />}
      {problem && (
        <Note tone="bad" alert>
          {problem}
        </Note>
      )}
    </>
  );
}
