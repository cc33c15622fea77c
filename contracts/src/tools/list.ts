/**
 * Lists an offer on a board: signatures only, no proof. The seller signed the listing before; whoever pays can be another. Asked
 * again with the same listing key, it finds what is there.
 */
import { TokenId } from 'o1js';
import { list, listingState } from '../board.js';
import { ACCOUNT_CREATION_FEE } from '../protocol.js';
import { ToolError } from './errors.js';
import { run, type Tool } from './run.js';

export const tool: Tool = async (request, session) => {
  const key = request.key('listing_key');
  const listing = key.toPublicKey();
  const what = {
    board: request.address('board'),
    offer: request.address('offer'),
    offerHash: request.field('offer_hash'),
    seller: request.address('seller'),
    url: request.url('url'),
    signature: request.signature('signature'),
  };
  const told = { listing: listing.toBase58(), board: what.board.toBase58() };
  await session.account(what.board, 'board');
  const found = await session.findAccount(listing, TokenId.derive(what.board));
  if (found !== undefined) {
    const state = listingState(what);
    const same =
      found.zkapp?.zkappUri === what.url &&
      state.every((field, i) => found.zkapp!.appState[i]!.equals(field).toBoolean());
    if (!same)
      throw new ToolError('wrong-account', 'the listing is there already, and says something else');
    return { status: 'already-listed', ...told };
  }
  await session.covers(ACCOUNT_CREATION_FEE);
  const payer = session.payer.toPublicKey();
  const network = request.network('network');
  const sent = await session.send(async () => list(payer, listing, network, what), [key]);
  return { ...sent, ...told };
};

if (import.meta.main) await run(tool);
