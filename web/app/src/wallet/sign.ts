// One signature by the wallet: the numbers that it shows are explained while it is open, and what it returns is checked.
import { holds } from '../../../shared/src/mina.ts';
import type { Wallet } from './wallet.ts';

/** One number that the wallet shows, and its meaning. */
export interface Numeral {
  means: string;
  value: bigint;
}

/** Told the numbers while the wallet is open, and null once it is closed. */
export type Show = (numerals: Numeral[] | null) => void;

/** A signature over these fields, one meaning each. Throws where the wallet declines, or signs something else. */
export async function signChecked(
  wallet: Wallet,
  fields: bigint[],
  meanings: string[],
  show: Show,
): Promise<string> {
  show(fields.map((value, at) => ({ means: meanings[at] ?? '', value })));
  try {
    const signature = await wallet.sign(fields);
    if (!holds(fields, signature, wallet.address))
      throw new Error('The wallet returned a signature over something else. Nothing was sent.');
    return signature;
  } finally {
    show(null);
  }
}
