/**
 * Keeps the contracts compiled, so that one transaction after the other starts with its proof:
 * node build/tools/prover.js SOCKET
 *
 * Listens on a Unix socket and prints one JSON line when it is up. A client sends one line of JSON, a tool's request with the
 * tool's name as `tool`, and gets what the tool would print: progress as JSON lines, then one line with the result. The first
 * request for a proof waits until the contract is compiled, unless the tool `compile` was asked before. Requests hold keys: the
 * socket belongs in a folder that only its owner can enter.
 */
import '../backend.js';
import { initializeBindings } from 'o1js';
import { createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { findTool } from './all.js';
import { Request } from './request.js';
import { answer, known } from './run.js';

const MAX_LINE = 1 << 20;

console.log = console.warn = console.info = console.error;
const path = process.argv[2];
if (path === undefined) throw new Error('expected the path of a socket, got none');
// o1js has one active network and one prover: requests take turns.
let turn: Promise<unknown> = initializeBindings();
const server = createServer((socket) => {
  socket.on('error', () => socket.destroy());
  let length = 0;
  socket.on('data', (part) => {
    if ((length += part.length) > MAX_LINE) socket.destroy();
  });
  // It repeats the socket's errors, such as that of a client that did not wait.
  createInterface({ input: socket })
    .on('error', () => undefined)
    .once('line', (line) => {
      turn = turn.then(() => serve(line, socket));
    });
});
server.listen(path, () => process.stdout.write(JSON.stringify({ ready: path }) + '\n'));
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(0));

async function serve(line: string, socket: Socket): Promise<void> {
  const write = (value: object): void => {
    if (socket.writable) socket.write(JSON.stringify(value) + '\n');
  };
  try {
    const tool = await findTool(Request.parse(line).text('tool'));
    write(await answer(tool, line, (text) => write({ progress: text })));
  } catch (error) {
    write({ error: known(error) });
  }
  socket.end();
}
