/**
 * Proves approvals of tokens' owners for the process that forked it, one by one, until that process ends. It is given no key.
 * With `compile` it compiles the token's code before it is asked.
 */
import '../backend.js';
import { FungibleToken } from 'mina-fungible-token';
import { AccountUpdate, AccountUpdateForest, Mina, PublicKey, fetchAccount } from 'o1js';
import type { Answer, Approval } from './approval.js';
import { compiled, proveAll } from './session.js';

console.log = console.warn = console.info = console.error;
if (process.argv[2] === 'compile') void compiled('FungibleToken').catch(console.error);
process.on('disconnect', () => process.exit());
process.on('message', (approval) => void answer(approval as Approval).then(send));

async function answer({ networkId, node, owner, updates, proofs }: Approval): Promise<Answer> {
  try {
    Mina.setActiveInstance({ ...Mina.Network({ networkId, mina: node }), proofsEnabled: proofs });
    const publicKey = PublicKey.fromBase58(owner);
    await fetchAccount({ publicKey });
    const flat = updates.map((json) => AccountUpdate.fromJSON(json));
    const forest = AccountUpdateForest.fromFlatArray(flat);
    // Who pays is none of the owner's business: a transaction just needs somebody.
    const token = new FungibleToken(publicKey);
    const tx = await Mina.transaction(publicKey, () => token.approveBase(forest));
    if (proofs) await compiled('FungibleToken');
    await proveAll(tx, proofs);
    // The owner's; the others are what it approves.
    return { update: tx.transaction.accountUpdates[0]!.toJSON() };
  } catch (error) {
    return { error: (error as Error).message };
  }
}

function send(answer: Answer): void {
  process.send!(answer);
}
