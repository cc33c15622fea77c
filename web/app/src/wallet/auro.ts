// The Auro wallet, by its provider's documented API: https://docs.aurowallet.com/general/reference/api-reference/mina-provider
import { amount } from '../format.ts';
import { Declined, type Wallet } from './wallet.ts';

interface Failure {
  code: number;
  message: string;
}

export interface Provider {
  requestAccounts(): Promise<string[] | Failure>;
  requestNetwork(): Promise<{ networkID: string } | Failure>;
  switchChain(chain: { networkID: string }): Promise<{ networkID: string } | Failure>;
  signFields(request: {
    message: string[];
  }): Promise<{ publicKey: string; signature: string } | Failure>;
  sendTransaction(request: {
    transaction: string;
    onlySign: boolean;
    nonce: number;
    feePayer: { fee: number; memo: string };
  }): Promise<{ signedData: string } | { hash: string } | Failure>;
  on?(event: string, heard: (value: never) => void): void;
}

interface Announcement {
  info?: { slug?: string };
  provider?: Provider;
}

const ANNOUNCED_MS = 800;
const MESSAGES: Record<number, string> = {
  1001: 'The wallet is not connected to this page. Connect it again.',
  20001: 'The wallet has no account. Make one in it, then connect again.',
  20003: 'The wallet did not take the request. Update it, then try again.',
  20004: 'The wallet does not know this network.',
  20005: 'The wallet has another request open. Finish it there first.',
  20006: 'This account cannot sign fields; accounts on a Ledger cannot. Choose another account.',
  23001: 'The wallet is connected to another page. Connect it here again.',
};
const DECLINED = 1002;

/** The provider that Auro announces, or null where the browser has none. */
export async function findProvider(): Promise<Provider | null> {
  const announced = await new Promise<Provider | null>((resolve) => {
    const hear = (event: Event) => {
      const { info, provider } = (event as CustomEvent<Announcement>).detail ?? {};
      if (info?.slug === 'aurowallet' && provider) resolve(provider);
    };
    addEventListener('mina:announceProvider', hear);
    dispatchEvent(new Event('mina:requestProvider'));
    setTimeout(() => {
      removeEventListener('mina:announceProvider', hear);
      resolve(null);
    }, ANNOUNCED_MS);
  });
  return announced ?? (window as { mina?: Provider }).mina ?? null;
}

/**
 * Ask for the wallet's account on this network; the wallet opens its window.
 *
 * `left` is called with what this gives, once the wallet is on another account or network. That it is on the one that it was
 * asked for it announces too, at times after it answered.
 */
export async function connectAuro(
  provider: Provider,
  network: string,
  left: (wallet: Wallet) => void,
): Promise<Wallet> {
  const [address] = good(await provider.requestAccounts().catch(thrown));
  if (!address) throw new Error(MESSAGES[20001]);
  const now = good(await provider.requestNetwork().catch(thrown)).networkID;
  const there =
    now === network
      ? now
      : good(await provider.switchChain({ networkID: network }).catch(thrown)).networkID;
  if (there !== network)
    throw new Error(`The wallet is on another network: expected ${network}, got ${there}.`);
  let changed = false;
  const hear = (same: boolean) => {
    if (same || changed) return;
    changed = true;
    left(wallet);
  };
  provider.on?.('accountsChanged', (accounts: unknown) =>
    hear(Array.isArray(accounts) && accounts[0] === address),
  );
  provider.on?.('chainChanged', (chain: unknown) =>
    hear((chain as { networkID?: unknown } | undefined)?.networkID === network),
  );
  const requireSame = () => {
    if (changed)
      throw new Error(
        'Account or network were changed in the wallet. Connect it again. Nothing was sent.',
      );
  };
  const wallet: Wallet = {
    name: 'Auro',
    address,
    network,
    async sign(fields) {
      // As text: a field has more digits than a number of JavaScript holds.
      const request = { message: fields.map(String) };
      const signed = good(await provider.signFields(request).catch(thrown));
      if (signed.publicKey !== address)
        throw new Error(
          `The wallet signed with another account: expected ${address}, got ${signed.publicKey}. ` +
            'Choose the first one in the wallet, or connect again.',
        );
      requireSame();
      return signed.signature;
    },
    async signTransaction(command) {
      const { fee, nonce } = command.feePayer.body;
      const answer = good(
        await provider
          .sendTransaction({
            transaction: JSON.stringify(command),
            // The page sends it, once it has compared what was signed.
            onlySign: true,
            nonce: Number(nonce),
            feePayer: { fee: Number(amount(fee)), memo: '' },
          })
          .catch(thrown),
      );
      requireSame();
      if (!('signedData' in answer))
        throw new Error(
          'The wallet sent the transaction itself, and was asked only to sign it. Look at the account before you try again.',
        );
      const { parseCommand } = await import('../../../shared/src/chain/transaction.ts');
      return parseCommand(String(answer.signedData));
    },
  };
  return wallet;
}

/** Auro reports errors both as a value and by throwing. */
function good<T extends object>(answer: T | Failure): T {
  if (!('code' in answer)) return answer;
  if (answer.code === DECLINED) throw new Declined('Declined in the wallet. Nothing was signed.');
  throw new Error(
    MESSAGES[answer.code] ?? `The wallet says: ${String(answer.message).slice(0, 200)}`,
  );
}

function thrown(error: unknown): Failure {
  if (typeof error === 'object' && error !== null && 'code' in error) return error as Failure;
  throw error;
}
