// The page's commands beside those of the contracts' own opening, and their signatures: an object on standard input.
import { text } from 'node:stream/consumers';
import { Mina, PrivateKey, PublicKey, UInt64 } from 'o1js';
import { addDeposit, openAccount } from '../../contracts/build/opening.js';
import { Request } from '../../contracts/build/tools/request.js';
import { pinnedKeys } from '../../contracts/build/verification_keys.js';
import { CODE, depositCommand, openingCommand } from '../../web/shared/src/chain/opening.ts';
import { decoded, parseCommand, sameUpdates, signCommand, unsigned } from '../../web/shared/src/chain/transaction.ts';

const { payer_key, account_key, terms, deposit, nonce } = JSON.parse(await text(process.stdin));
const chain = await Mina.LocalBlockchain({ proofsEnabled: false });
Mina.setActiveInstance(chain);
const [payerKey, accountKey] = [payer_key, account_key].map((key) => PrivateKey.fromBase58(key));
const [payer, account] = [payerKey.toPublicKey(), accountKey.toPublicKey()];
chain.addAccount(payer, '100000000000');
const amount = UInt64.from(deposit);
const opening = {
  payer,
  account,
  buyer: payer,
  terms: Request.parse(JSON.stringify({ terms })).terms(),
  deposit: amount,
  verificationKey: pinnedKeys().PrepaidAccount,
};
const feePayer = { address: payer.toBase58(), fee: 100_000_000n, nonce };

/** As o1js makes and signs it, and as the page does. */
async function both(body, command, keys) {
  const tx = await Mina.transaction({ sender: payer, fee: String(feePayer.fee), nonce }, body);
  tx.sign(keys);
  const unfinished = signCommand(command, payer_key, 'mina:devnet');
  const ours = signCommand(unfinished, account_key, 'mina:devnet');
  const { changes, ...rest } = decoded(ours);
  return {
    theirs: JSON.parse(tx.toJSON()),
    ours,
    missing: [unsigned(unfinished, 'mina:devnet'), unsigned(ours, 'mina:devnet'), unsigned(ours, 'mina:mainnet')],
    read: parseCommand(JSON.stringify({ zkappCommand: ours, feePayer: {} })),
    same: [sameUpdates(unfinished, ours), sameUpdates(ours, depositCommand(feePayer, account.toBase58(), 1n))],
    decoded: { ...rest, fee: String(rest.fee), changes: Object.fromEntries([...changes].map(([who, change]) => [who, String(change)])) },
  };
}

const opened = { account: account.toBase58(), terms, deposit: BigInt(deposit) };
const results = {
  code: CODE.hash,
  payer: payer.toBase58(),
  account: account.toBase58(),
  open: await both(async () => void openAccount(opening), openingCommand(feePayer, opened), [payerKey, accountKey]),
  topup: await both(async () => addDeposit(payer, account, amount), depositCommand(feePayer, account.toBase58(), BigInt(deposit)), [payerKey]),
};
// o1js keeps threads.
process.stdout.write(JSON.stringify(results), () => process.exit());
