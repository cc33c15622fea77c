// The right to read what a service knows of one account: its figures, or all of its calls.
import { accountRight } from '../../shared/src/rights.ts';
import { moment, short } from './format.ts';
import { signChecked, type Show } from './wallet/sign.ts';
import type { Wallet } from './wallet/wallet.ts';

export interface Readable {
  service: string;
  network: string;
  account: string;
  /** Until when, in Unix seconds, an hour ahead at most. */
  expires: number;
}

/** Headers of a request; a service takes them until they expire. */
export type Right = Record<string, string>;

/** Unix seconds from now on. */
export function inSeconds(seconds: number): number {
  return Math.floor(Date.now() / 1000) + seconds;
}

/** The headers of a right with this tag. Throws where the wallet declines, or signs something else. */
export async function signAccountRight(
  tag: string,
  { service, network, account, expires }: Readable,
  wallet: Wallet,
  show: Show,
): Promise<Right> {
  const fields = await accountRight(tag, service, network, account, expires);
  const meanings = [
    `tag “${tag}”: no payment`,
    `network ${network}`,
    `account ${short(account, 4)}, x`,
    'account, is odd',
    `until ${moment(expires)}`,
    `at ${new URL(service).host} only`,
  ];
  return {
    'Sealrun-Key': wallet.address,
    'Sealrun-Expires-At': String(expires),
    'Sealrun-Signature': await signChecked(wallet, fields, meanings, show),
  };
}
