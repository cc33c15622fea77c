/** Imported by a process that verifies proofs, such as the local chain: it then starts with what provers have kept. */
import { circuitCache } from './backend.js';
import { loadWrapBases } from './wrap_basis.js';

await loadWrapBases(circuitCache());
