// A key out of a file that the `sealrun` command made: for tests, and for those who want no wallet.
import { sign } from '../../../shared/src/mina.ts';
import type { Wallet } from './wallet.ts';

/** The key stays in this closure; no error repeats the text. */
export function keyWallet(text: string, addressOf: (secret: string) => string): Wallet {
  const secret = text.trim();
  let address: string;
  try {
    address = addressOf(secret);
  } catch {
    throw new Error('This file holds no Mina key: expected one line that begins with EK.');
  }
  return {
    name: 'key file',
    address,
    network: null,
    sign: async (fields) => sign(fields, secret),
    async signTransaction(command, network) {
      const { signCommand } = await import('../../../shared/src/chain/transaction.ts');
      return signCommand(command, secret, network);
    },
  };
}
