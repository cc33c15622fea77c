/** The chain's log in a folder, one JSON line for each thing that happened. Replayed at the start. */
import { appendFileSync, existsSync, mkdirSync, readFileSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import type { Types } from 'o1js';

export interface Genesis {
  kind: 'genesis';
  /** Milliseconds since 1970. */
  timestamp: number;
  /** Key of the account that the faucet pays from. Local money, nothing else depends on it. */
  bank: string;
  proofs: boolean;
}

export interface CommandEntry {
  kind: 'command';
  hash: string;
  json: Types.Json.ZkappCommand;
  failure: { index: number; failures: string[] }[] | null;
}

export interface BlockEntry {
  kind: 'block';
  slot: number;
  /** Milliseconds since 1970. */
  date: number;
}

export type Entry = Genesis | CommandEntry | BlockEntry;

export class Store {
  private readonly file: string;

  constructor(folder: string) {
    mkdirSync(folder, { recursive: true });
    this.file = join(folder, 'chain.jsonl');
  }

  /** A line that a crash cut short was never answered for: it is dropped. */
  read(): Entry[] {
    if (!existsSync(this.file)) return [];
    const bytes = readFileSync(this.file);
    const end = bytes.lastIndexOf(10) + 1;
    if (end < bytes.length) truncateSync(this.file, end);
    const lines = bytes.subarray(0, end).toString('utf8').split('\n');
    return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Entry);
  }

  append(entry: Entry): void {
    appendFileSync(this.file, JSON.stringify(entry) + '\n', { mode: 0o600 });
  }
}
