// Reads a task and a number of calls per line; writes the milliseconds per call in the best of some batches.
import { createInterface } from 'node:readline';
import Client from 'mina-signer';
// mina-signer hands out no Poseidon of its own; this is the one its signatures use.
import { Poseidon } from '../node_modules/mina-signer/dist/node/bindings/crypto/poseidon.js';

const { privateKey, publicKey, signature, fields, batches } = JSON.parse(process.argv[2]);
const client = new Client({ network: 'devnet' });
const data = fields.map(BigInt);
const hash = (length) => {
  const input = Array.from({ length }, (_, i) => data[i % data.length]);
  return () => Poseidon.hash(input);
};
const tasks = {
  verify() {
    if (!client.verifyFields({ data, publicKey, signature })) throw Error('the signature does not hold');
  },
  sign: () => client.signFields(data, privateKey),
  poseidon2: hash(2),
  poseidon6: hash(6),
  poseidon100: hash(100),
};

for await (const line of createInterface({ input: process.stdin })) {
  const [name, calls] = line.split(' ');
  const [task, batch] = [tasks[name], Number(calls)];
  let best = Infinity;
  for (let i = 0; i < batches; i++) {
    const start = performance.now();
    for (let j = 0; j < batch; j++) task();
    best = Math.min(best, performance.now() - start);
  }
  console.log(best / batch);
}
