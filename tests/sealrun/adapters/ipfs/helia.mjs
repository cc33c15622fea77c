// A Helia node that is connected with one other: node tests/sealrun/adapters/ipfs/helia.mjs ADDRESS add FILE | get CID FILE
// `add` prints the file's CID and stays until the standard input ends, so that the other node can ask for it.
import { createReadStream, createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline, finished } from 'node:stream/promises';
import { unixfs } from '@helia/unixfs';
import { identify } from '@libp2p/identify';
import { tcp } from '@libp2p/tcp';
import { multiaddr } from '@multiformats/multiaddr';
import { createHelia } from 'helia';
import { CID } from 'multiformats/cid';

const [address, command, ...rest] = process.argv.slice(2);
const node = createHelia({
  libp2p: {
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    peerDiscovery: [],
    services: { identify: identify() },
  },
  http: { delegatedRouters: [], recursiveGateways: [] },
});
await node.start();
await node.libp2p.dial(multiaddr(address));
const files = unixfs(node);

if (command === 'add') {
  console.log(String(await files.addByteStream(createReadStream(rest[0]))));
  process.stdin.resume();
  await finished(process.stdin);
} else {
  const signal = AbortSignal.timeout(30_000);
  await pipeline(Readable.from(files.cat(CID.parse(rest[0]), { signal })), createWriteStream(rest[1]));
}
process.exit(0);
