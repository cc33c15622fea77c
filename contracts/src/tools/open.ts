/** Opens a prepaid account: signatures only, no proof. */
import { openAccount } from '../opening.js';
import { ACCOUNT_CREATION_FEE } from '../protocol.js';
import { pinnedKeys } from '../verification_keys.js';
import { ToolError } from './errors.js';
import { run, type Tool } from './run.js';

export const tool: Tool = async (request, session) => {
  const accountKey = request.key('account_key');
  const account = accountKey.toPublicKey();
  const buyer = request.has('buyer') ? request.address('buyer') : session.payer.toPublicKey();
  const terms = request.terms();
  const deposit = request.amount('deposit');
  const verificationKey = pinnedKeys().PrepaidAccount;
  if (await session.findAccount(account))
    throw new ToolError('already-open', `nothing was paid: ${account.toBase58()}`);
  await session.receiver(terms.seller, 'seller');
  await session.receiver(terms.operator, 'operator');
  await session.covers(deposit.toBigInt() + ACCOUNT_CREATION_FEE);
  const opening = {
    payer: session.payer.toPublicKey(),
    account,
    buyer,
    terms,
    deposit,
    verificationKey,
  };
  const sent = await session.send(async () => void openAccount(opening), [accountKey]);
  return {
    ...sent,
    account: account.toBase58(),
    buyer: buyer.toBase58(),
    terms_hash: terms.hash().toString(),
    verification_key_hash: verificationKey.hash,
    deposit: deposit.toString(),
  };
};

if (import.meta.main) await run(tool);
