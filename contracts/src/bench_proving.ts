/** What `bench/proving.py` measures: requests that prove a token of each issuer and fold both, one JSON object. */
import { foldRequest, proveRequest } from './test/two_calls.js';

const tokens = { gitlab: proveRequest('gitlab'), github: proveRequest('github') };
// The documents of the tokens' proofs take the places of these.
console.log(JSON.stringify({ tokens, fold: foldRequest({ gitlab: {}, github: {} }) }));
// The native prover's threads would keep the process alive.
process.exit();
