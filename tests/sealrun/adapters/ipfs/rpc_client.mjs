// What kubo-rpc-client makes of an RPC API: node tests/sealrun/adapters/ipfs/rpc_client.mjs URL CAR CID
// Imports the CAR, lists the pins of the CID and reads its bytes; prints what came as JSON.
import { createReadStream } from 'node:fs';
import { create } from 'kubo-rpc-client';
import { CID } from 'multiformats/cid';

const [url, file, cid] = process.argv.slice(2);
const client = create({ url });
const roots = [];
for await (const { root } of client.dag.import([createReadStream(file)])) {
  roots.push({ cid: String(root.cid), error: root.pinErrorMsg });
}
const pins = [];
for await (const pin of client.pin.ls({ paths: [CID.parse(cid)] })) pins.push([String(pin.cid), pin.type]);
let size = 0;
for await (const piece of client.cat(CID.parse(cid))) size += piece.length;
console.log(JSON.stringify({ roots, pins, size }));
process.exit(0);
