// What the page takes for another account or network, of all that the Auro wallet announces.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connectAuro, type Provider } from '../src/wallet/auro.ts';
import type { Wallet } from '../src/wallet/wallet.ts';

const NETWORK = 'mina:devnet';
const ADDRESS = 'B62qiTKpEPjGTSHZrtM8uXiKgn8So916pLmNJKDhKeyBQL9TDb3nvBG';

/** A wallet on mainnet that was connected on devnet; what it announces, and how often it was said to be left. */
async function connected() {
  const heard: Record<string, (value: never) => void> = {};
  const gone: Wallet[] = [];
  const provider = {
    requestAccounts: async () => [ADDRESS],
    requestNetwork: async () => ({ networkID: 'mina:mainnet' }),
    switchChain: async (chain: { networkID: string }) => chain,
    on: (event: string, listener: (value: never) => void) => (heard[event] = listener),
  };
  const wallet = await connectAuro(provider as unknown as Provider, NETWORK, (left) =>
    gone.push(left),
  );
  const announce = (event: string, value: unknown) => heard[event]?.(value as never);
  return { announce, gone, wallet };
}

test('a wallet that tells late of the network that it was asked for stays connected', async () => {
  const { announce, gone } = await connected();
  announce('chainChanged', { networkID: NETWORK });
  announce('accountsChanged', [ADDRESS]);
  assert.deepEqual(gone, []);
});

for (const [event, value] of [
  ['chainChanged', { networkID: 'mina:mainnet' }],
  ['chainChanged', undefined],
  ['accountsChanged', []],
  ['accountsChanged', ['B62qother']],
] as const)
  test(`a wallet that announces ${event} with ${JSON.stringify(value)} is connected no more`, async () => {
    const { announce, gone, wallet } = await connected();
    announce(event, value);
    announce(event, value);
    assert.deepEqual(gone, [wallet]);
  });
