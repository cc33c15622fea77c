/** Opens the empty accounts in a token that people need before they can be paid in it. One proof, its owner's. */
import type { PublicKey } from 'o1js';
import { openEmptyAccounts } from '../fungible_token.js';
import { ACCOUNT_CREATION_FEE } from '../protocol.js';
import { ToolError } from './errors.js';
import { run, type Tool } from './run.js';

/** What the owner's proof takes is more: `TokenContract.MAX_ACCOUNT_UPDATES` is 9. */
const MOST = 8;

export const tool: Tool = async (request, session) => {
  const asset = request.token('asset');
  const addresses = request.addresses('addresses', MOST);
  const owner = await session.ownerOf(asset);
  if (owner === undefined) throw new ToolError('bad-request', 'asset: expected a token, got MINA');
  const missing: PublicKey[] = [];
  for (const address of addresses)
    if ((await session.findAccount(address, asset)) === undefined) missing.push(address);
  const opened = missing.map((address) => address.toBase58());
  if (missing.length === 0) return { status: 'already-open', opened };
  await session.covers(ACCOUNT_CREATION_FEE * BigInt(missing.length));
  await session.compile('FungibleToken');
  const payer = session.payer.toPublicKey();
  const sent = await session.send(() => openEmptyAccounts(owner, payer, missing));
  return { ...sent, opened };
};

if (import.meta.main) await run(tool);
