/** Opens a prepaid account, or where the terms name an issuer's keys a proved one: in MINA signatures only, in a token with its owner's proof. */
import { openTokenAccount } from '../fungible_token.js';
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
  const verificationKey =
    pinnedKeys()[terms.keys.equals(0).toBoolean() ? 'PrepaidAccount' : 'ProvedAccount'];
  const { asset } = terms;
  if (await session.findAccount(account, asset))
    throw new ToolError('already-open', `nothing was paid: ${account.toBase58()}`);
  const owner = await session.ownerOf(asset);
  await session.receiver(terms.seller, 'seller', asset);
  await session.receiver(terms.operator, 'operator', asset);
  await session.covers(ACCOUNT_CREATION_FEE + (owner ? 0n : deposit.toBigInt()));
  if (owner) {
    await session.holds(deposit.toBigInt(), asset);
    await session.compile('FungibleToken');
  }
  const opening = {
    payer: session.payer.toPublicKey(),
    account,
    buyer,
    terms,
    deposit,
    verificationKey,
  };
  const open = async () =>
    void (owner ? await openTokenAccount({ ...opening, owner }) : openAccount(opening));
  const sent = await session.send(open, [accountKey]);
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
