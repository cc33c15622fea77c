/** A real proof for the tests that check one: `npm run vectors:token -w contracts`. Minutes; 6.3 GB. */
import { writeFileSync } from 'node:fs';
import { runTool } from './tool_process.js';
import { gitlabClaims, jwk, key, signToken } from './tokens.js';

const FILE = new URL('../../../tests/vectors/token_proof.json', import.meta.url);

const keys = [jwk(key('issuer'))];
const token = signToken('gitlab', gitlabClaims());
const request = JSON.stringify({ issuer: 'gitlab', token, keys, folder: process.argv[2] });
const { code, result } = await runTool('prove-token', request);
if (code !== 0) throw new Error(`prove-token: expected a proof, got ${JSON.stringify(result)}`);
writeFileSync(FILE, JSON.stringify({ proof: result, keys }, null, 1) + '\n');
