/** Writes `verification_keys.json`: run after every deliberate change of a contract or of o1js. */
import { writeKeys } from './verification_keys.js';

const { PrepaidAccount, Offer } = await writeKeys();
console.log(JSON.stringify({ PrepaidAccount: PrepaidAccount.hash, Offer: Offer.hash }));
