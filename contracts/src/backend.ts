/** The native prover (three times less CPU than wasm) and the folder that keeps compiled circuits. Import before use of o1js. */
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Cache, setBackend } from 'o1js';

setBackend('native');

/** A folder that can be written to: the checkout's own, and outside of one the user's. About 200 MB. */
function defaultCache(): string {
  const local = (path: string) => fileURLToPath(new URL(path, import.meta.url));
  if (existsSync(local('../src'))) return local('../../out/o1js-cache');
  return join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'sealrun', 'o1js');
}

export function circuitFolder(): string {
  return process.env['SEALRUN_O1JS_CACHE'] ?? defaultCache();
}

export function circuitCache(): Cache {
  return Cache.FileSystem(circuitFolder());
}
