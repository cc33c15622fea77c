// A signature that a button asks the wallet for: the numbers while the wallet is open, and what went wrong.
import { useState } from 'react';
import { message } from '../format.ts';
import { useWallet } from '../wallet/session.tsx';
import type { Numeral, Show } from '../wallet/sign.ts';
import type { Wallet } from '../wallet/wallet.ts';
import { Numerals } from './numerals.tsx';
import { Note } from './parts.tsx';

/** One signature at a time, by a wallet on this network; without one, `run` lets it be connected. */
export function useSigning(network: string) {
  const { wallet, open } = useWallet();
  const [busy, setBusy] = useState(false);
  const [numerals, setNumerals] = useState<Numeral[] | null>(null);
  const [problem, setProblem] = useState('');
  const run = async (work: (wallet: Wallet, show: Show) => Promise<void>) => {
    if (!wallet || (wallet.network ?? network) !== network) return open(network);
    setBusy(true);
    setProblem('');
    try {
      await work(wallet, setNumerals);
    } catch (error) {
      setProblem(message(error));
    } finally {
      setBusy(false);
    }
  };
  const panel = (
    <>
      <div role="status">{numerals && <Numerals numerals={numerals} />}</div>
      {problem && (
        <Note tone="bad" alert>
          {problem}
        </Note>
      )}
    </>
  );
  return { busy, run, panel };
}
