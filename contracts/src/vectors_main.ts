/**
 * Writes or checks a file of shared vectors:
 * node build/vectors_main.js write FILE   what this side computes, from fixed keys
 * node build/vectors_main.js check FILE   whether this side computes the same as the file says
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { makeVectors } from './vector_inputs.js';
import { type Vectors, differences } from './vectors.js';

const [command, file] = process.argv.slice(2);
if (command === 'write' && file) writeFileSync(file, JSON.stringify(makeVectors(), null, 1) + '\n');
if (command === 'check' && file) {
  const differing = differences(JSON.parse(readFileSync(file, 'utf8')) as Partial<Vectors>);
  console.log(JSON.stringify({ file, differing }));
  process.exitCode = differing.length > 0 ? 1 : 0;
}
if (!file || !['write', 'check'].includes(command ?? ''))
  throw new Error('expected write FILE or check FILE');
