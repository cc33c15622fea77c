/** Pins rows and verification key of one of the token's programs: after every deliberate change of it or of o1js. */
import { PROGRAMS, pin, type ProgramName } from './token/pins.js';

const name = process.argv[2] ?? '';
if (!Object.hasOwn(PROGRAMS, name))
  throw new Error(`expected one of ${Object.keys(PROGRAMS).join(', ')}`);
const { methods, key } = await pin(name as ProgramName);
console.log(JSON.stringify({ name, methods, key: key.hash }));
process.exit();
