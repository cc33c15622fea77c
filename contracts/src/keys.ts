/** Writes `verification_keys.json`: run after every deliberate change of a contract or of o1js. */
import { CONTRACTS, type ContractName, writeKeys } from './verification_keys.js';

const keys = await writeKeys();
const hashes = (Object.keys(CONTRACTS) as ContractName[]).map((name) => [name, keys[name].hash]);
console.log(JSON.stringify(Object.fromEntries(hashes)));
