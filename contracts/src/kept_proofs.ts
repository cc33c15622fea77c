/** Proofs of steps in a folder, so that interrupted work goes on where it stopped. */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { JsonProof } from 'o1js';

export class KeptProofs {
  constructor(private readonly folder: string) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  }

  /** @param name of the step; it must fix all that was proved, the program included */
  has(name: string): boolean {
    return existsSync(this.path(name));
  }

  read(name: string): JsonProof {
    return JSON.parse(readFileSync(this.path(name), 'utf8')) as JsonProof;
  }

  /** At once or not at all, so that an interruption leaves no half a proof. */
  write(name: string, proof: JsonProof): void {
    const path = this.path(name);
    writeFileSync(`${path}.part`, JSON.stringify(proof), { mode: 0o600 });
    renameSync(`${path}.part`, path);
  }

  private path(name: string): string {
    return join(this.folder, `${name}.json`);
  }
}
