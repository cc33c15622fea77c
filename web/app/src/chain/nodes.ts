// Mina nodes by network: a built-in list, and what the page's own host added to its document. Never out of an address.
import { isObject } from '../../../shared/src/json.ts';
import { stored, store, useStored } from '../state/storage.ts';

// Public nodes that let pages of any origin ask.
const BUILT_IN: Record<string, string[]> = {
  'mina:devnet': [
    'https://api.minascan.io/node/devnet/v1/graphql',
    'https://mina-devnet-graphql.aurowallet.com/graphql',
  ],
  'mina:mainnet': [
    'https://api.minascan.io/node/mainnet/v1/graphql',
    'https://mina-mainnet-graphql.aurowallet.com/graphql',
  ],
};
const ADDED = 'meta[name="sealrun:node"]';
// As in the policy's connect-src.
const URL_OF = /^(mina:[a-z]+)=(https:\/\/\S+|http:\/\/127\.0\.0\.1:\d+\/\S*)$/;
const NAME = 'nodes';

/** The nodes of a network, those that the host added first. */
export function nodesOf(network: string): string[] {
  const added = [...document.querySelectorAll<HTMLMetaElement>(ADDED)].flatMap(({ content }) => {
    const [, of, url] = URL_OF.exec(content) ?? [];
    return of === network && url ? [url] : [];
  });
  const builtIn = Object.hasOwn(BUILT_IN, network) ? BUILT_IN[network] : undefined;
  return [...added, ...(builtIn ?? [])];
}

/** The node that was chosen for this network, and the way to choose another one of the list. */
export function useNode(network: string): [string, (url: string) => void] {
  const all = nodesOf(network);
  const kept = useStored(NAME);
  const chosen = isObject(kept) && Object.hasOwn(kept, network) ? String(kept[network]) : '';
  const choose = (url: string) => {
    const before = stored(NAME);
    store(NAME, { ...(isObject(before) ? before : {}), [network]: url });
  };
  return [all.includes(chosen) ? chosen : (all[0] ?? ''), choose];
}
