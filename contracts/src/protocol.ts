/**
 * What the network's protocol version decides. Moving to the next protocol is a new o1js and the numbers on this page.
 *
 * Berkeley: 8 state fields, transaction version 3, 180 s slots. Mesa: 32, 4 and 90 s.
 */
import { TransactionVersion } from 'o1js';

/** Fields of app state that an account holds (o1js: `ZkappConstants.MAX_ZKAPP_STATE_FIELDS`, not exported). */
export const STATE_FIELDS = 8;

/** The transaction version that this o1js writes into permissions. */
export const TRANSACTION_VERSION = TransactionVersion.current().toString();

/** Field elements that all events of one transaction may hold (o1js: `TransactionLimits.MAX_EVENT_ELEMENTS`). */
export const MAX_EVENT_FIELDS = 100;

/** What a new account costs, in nanomina. */
export const ACCOUNT_CREATION_FEE = 1_000_000_000n;
