/** A block of the chain, as archive and answers see it. */
import type { Command } from './ledger.js';

export interface Block {
  height: number;
  slot: number;
  stateHash: string;
  previousStateHash: string;
  /** Milliseconds since 1970. */
  date: number;
  commands: Command[];
}
