#!/usr/bin/env node
/**
 * The tools as one command:
 * sealrun-contracts NAME < REQUEST.json    one tool: a JSON request on stdin, a JSON result on stdout
 * sealrun-contracts prover SOCKET    keeps the contracts compiled
 */
import { NAMES, findTool } from './all.js';
import { run } from './run.js';

const [name = ''] = process.argv.splice(2, 1);
if (name === 'prover') await import('./prover.js');
else if (NAMES.includes(name)) await run(await findTool(name));
else {
  console.error(`usage: sealrun-contracts ${NAMES.join('|')} < REQUEST.json`);
  console.error('       sealrun-contracts prover SOCKET');
  process.exitCode = 2;
}
