// What a wallet does for this page: it has one key, and signs lists of fields and transactions with it.
import type { Command } from '../../../shared/src/chain/transaction.ts';

export interface Wallet {
  name: string;
  address: string;
  /** Of its account; null for a key, which signs for any. */
  network: string | null;
  /** A base58 signature over these fields; rejects with `Declined` where the holder says no. */
  sign(fields: bigint[]): Promise<string>;
  /** The command with this key's signatures, not sent. Whoever asks compares it: a holder may change its fee. */
  signTransaction(command: Command, network: string): Promise<Command>;
}

/** The holder of the key said no; nothing was signed, and nothing is wrong. */
export class Declined extends Error {}
