/** The native prover (three times less CPU than wasm) and the folder that keeps compiled circuits. Import before use of o1js. */
import { fileURLToPath } from 'node:url';
import { Cache, setBackend } from 'o1js';

setBackend('native');

const DEFAULT_CACHE = fileURLToPath(new URL('../../out/o1js-cache', import.meta.url));

export function circuitCache(): Cache {
  return Cache.FileSystem(process.env['SEALRUN_O1JS_CACHE'] ?? DEFAULT_CACHE);
}
