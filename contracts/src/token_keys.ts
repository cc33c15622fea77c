/**
 * Rows, digests and verification keys of the token's programs, each program in a process of its own:
 * node build/token_keys.js NAME            pins them, after every deliberate change of the program or of o1js
 * node build/token_keys.js NAME --compare  {"same": ...}: whether the pinned ones are those of the source
 */
import { isDeepStrictEqual } from 'node:util';
import {
  PROGRAMS,
  compileProgram,
  methodsOf,
  pin,
  pinnedPrograms,
  type ProgramName,
} from './token/pins.js';

const [given = '', compare] = process.argv.slice(2);
if (!Object.hasOwn(PROGRAMS, given))
  throw new Error(`expected one of ${Object.keys(PROGRAMS).join(', ')}, got ${given}`);
const name = given as ProgramName;
if (compare === '--compare') {
  const made = { methods: await methodsOf(name), key: await compileProgram(name) };
  console.log(JSON.stringify({ same: isDeepStrictEqual(made, pinnedPrograms()[name]) }));
} else {
  const { methods, key } = await pin(name);
  console.log(JSON.stringify({ name, methods, key: key.hash }));
}
// The native prover's threads would keep the process alive.
process.exit();
