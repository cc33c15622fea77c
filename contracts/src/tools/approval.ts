/**
 * The approval of a token's owner: its update, proved in a process beside this one, which proves what is approved meanwhile. What
 * the two proofs say of each other does not depend on the proofs, so neither waits; o1js proves one after the other in a process.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AccountUpdate, type NetworkId } from 'o1js';
import { circuitFolder } from '../backend.js';
import { ToolError } from './errors.js';

export type UpdateJson = ReturnType<AccountUpdate['toJSON']>;

export interface Approval {
  node: string;
  networkId: NetworkId;
  /** Base58. */
  owner: string;
  /** What is approved, with the depths of a transaction in which it stands by itself. */
  updates: UpdateJson[];
  /** Without, it is for a chain that counts every proof as valid. */
  proofs: boolean;
}

export type Answer = { update: UpdateJson } | { error: string };

const PROGRAM = fileURLToPath(new URL('./approver.js', import.meta.url));
/** It keeps the token's code compiled for the next approval, and ends with this process. */
let beside: ChildProcess | undefined;

/** Has the other process compile the token's code now, for the approval that comes later. */
export function expectApproval(): void {
  beside ??= start('compile');
}

/** Proves the approval in the other process, which `signal` ends. */
export async function proveBeside(approval: Approval, signal: AbortSignal): Promise<AccountUpdate> {
  const child = (beside ??= start());
  const stop = (): void => void child.kill('SIGKILL');
  signal.addEventListener('abort', stop);
  const waiting = new AbortController();
  const told = once(child, 'message', waiting).then(([answer]) => answer as Answer);
  const ended = once(child, 'exit', waiting).then(([code, by]): Answer => {
    return { error: `expected a proof of its owner's approval, got status ${code ?? by}` };
  });
  refer(child, 'ref');
  try {
    child.send(approval);
    const answer = await Promise.race([told, ended]);
    if ('error' in answer) throw new ToolError('proof-failed', `token: ${answer.error}`);
    return AccountUpdate.fromJSON(answer.update);
  } finally {
    waiting.abort();
    refer(child, 'unref');
    signal.removeEventListener('abort', stop);
  }
}

function start(...options: 'compile'[]): ChildProcess {
  // Node keeps what it made of o1js's 16 MB of code, which takes a second of a processor.
  const env = { NODE_COMPILE_CACHE: join(circuitFolder(), 'node'), ...process.env };
  const child = fork(PROGRAM, options, { env, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  child.once('exit', () => (beside = undefined));
  refer(child, 'unref');
  return child;
}

/** Whether this process stays for the other one's sake. */
function refer(child: ChildProcess, how: 'ref' | 'unref'): void {
  child[how]();
  child.channel?.[how]();
}
