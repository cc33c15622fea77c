// A transaction that a wallet signs and this page sends: shown before, compared after, kept before it leaves.
import {
  decoded,
  sameUpdates,
  signCommand,
  unsigned,
  type Command,
  type Decoded,
} from '../../../shared/src/chain/transaction.ts';
import { addressOf } from '../../../shared/src/mina.ts';
import { amount } from '../format.ts';
import { Declined, type Wallet } from '../wallet/wallet.ts';

/** One thing that the wallet changed, in words. */
export interface Change {
  name: string;
  from: string;
  to: string;
}

export interface Request {
  command: Command;
  network: string;
  wallet: Wallet;
  /** The new account's own key, base58: it signs last. */
  accountKey?: string;
  /** Told what the wallet is asked to sign while it is open, and null once it is closed. */
  show: (shown: Decoded | null) => void;
  /** Asked where the wallet's holder changed fee, nonce or memo; what is sent is what the wallet signed. */
  agree: (changes: Change[], signed: Decoded) => Promise<boolean>;
}

/** The command with every signature that it needs. Nothing was sent. */
export async function signTransaction(request: Request): Promise<Command> {
  const { command, network, wallet, accountKey, show, agree } = request;
  show(decoded(command));
  let signed: Command;
  try {
    signed = await wallet.signTransaction(command, network);
  } finally {
    show(null);
  }
  const [asked, got] = [decoded(command), decoded(signed)];
  if (got.from !== wallet.address)
    throw new Error(
      `The wallet signed with another account: expected ${wallet.address}, got ${got.from}. ` +
        'Choose the first one in the wallet, or connect again. Nothing was sent.',
    );
  if (!sameUpdates(command, signed))
    throw new Error(
      'The wallet signed another transaction than it was asked to. Nothing was sent.',
    );
  const own = accountKey === undefined ? [] : [addressOf(accountKey)];
  if (unsigned(signed, network).some((address) => !own.includes(address)))
    throw new Error(
      'The wallet’s signature does not hold: it is over something else, or of another network. Nothing was sent.',
    );
  const changes = changesOf(asked, got);
  if (changes.length > 0 && !(await agree(changes, got)))
    throw new Declined('Not sent, since the wallet changed it.');
  const complete = accountKey === undefined ? signed : signCommand(signed, accountKey, network);
  if (unsigned(complete, network).length > 0)
    throw new Error('The account’s own key does not sign this transaction. Nothing was sent.');
  return complete;
}

function changesOf(asked: Decoded, got: Decoded): Change[] {
  const words = ({ fee, nonce, memo, validUntil }: Decoded): [string, string][] => [
    ['Network fee', `${amount(fee)} MINA`],
    ['Number of the transaction', String(nonce)],
    ['Memo', memo === '' ? 'none' : `“${memo}”`],
    ['Last slot', validUntil ?? 'any'],
  ];
  const after = words(got);
  return words(asked).flatMap(([name, from], at) => {
    const to = after[at]?.[1] ?? '';
    return from === to ? [] : [{ name, from, to }];
  });
}
