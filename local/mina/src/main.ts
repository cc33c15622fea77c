/**
 * Runs the local chain:
 * node build/main.js --port N --folder DIR [--no-proofs] [--block-ms N] [--import MODULE]
 *
 * Prints one JSON line when it is up. Listens on loopback only. The module is imported first: it may give o1js what is
 * known already, so that the first verification need not compute it.
 */
import type { AddressInfo } from 'node:net';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { Chain } from './blocks.js';
import { createChainServer } from './server.js';

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    folder: { type: 'string' },
    proofs: { type: 'boolean', default: true },
    'block-ms': { type: 'string', default: '0' },
    import: { type: 'string' },
  },
  allowNegative: true,
});
if (values.folder === undefined) throw new Error('--folder is missing');
if (values.import !== undefined) await import(pathToFileURL(values.import).href);

const chain = await Chain.open({
  folder: values.folder,
  proofs: values.proofs,
  blockMs: readNumber('block-ms', values['block-ms']),
  now: Date.now,
});
const server = createChainServer(chain);
server.listen(readNumber('port', values.port), '127.0.0.1', () => {
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { height, slot } = chain.tip;
  const ready = {
    ready: `${base}/graphql`,
    archive: `${base}/graphql`,
    faucet: `${base}/faucet`,
    slots: `${base}/slots`,
  };
  console.log(
    JSON.stringify({ ...ready, networkId: 'mina:devnet', proofs: chain.proofs, height, slot }),
  );
});

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    chain.close();
    server.close(() => process.exit(0));
    server.closeAllConnections();
  });
}

function readNumber(name: string, text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new Error(`--${name} is not a number: ${text}`);
  return Number(text);
}
