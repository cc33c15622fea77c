/** The local chain as its users start it: another process. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('./main.js', import.meta.url));

export interface RunningChain {
  url: string;
  folder: string;
  ready: Record<string, unknown>;
  stop(): Promise<void>;
  kill(): Promise<void>;
  post(path: string, body: unknown): Promise<any>;
  query(source: string): Promise<any>;
}

export function newFolder(): string {
  return mkdtempSync(join(tmpdir(), 'sealrun-chain-'));
}

export async function startChain(flags: string[], folder = newFolder()): Promise<RunningChain> {
  const child = spawn(process.execPath, [MAIN, '--folder', folder, ...flags], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout! });
  const [line] = (await Promise.race([once(lines, 'line'), exit(child)])) as [string];
  const ready = JSON.parse(line) as Record<string, unknown>;
  const url = ready['ready'] as string;
  const post = async (path: string, body: unknown) => {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const response = await fetch(new URL(path, url), { method: 'POST', body: text });
    return { status: response.status, ...((await response.json()) as object) };
  };
  return {
    url,
    folder,
    ready,
    post,
    query: (query) => post('/graphql', { query }),
    stop: () => end(child, 'SIGTERM'),
    kill: () => end(child, 'SIGKILL'),
  };
}

async function exit(child: ChildProcess): Promise<never> {
  const [code] = await once(child, 'exit');
  throw new Error(`the chain ended with ${code} before it was ready`);
}

async function end(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  const ended = once(child, 'exit');
  child.kill(signal);
  await ended;
}
