/** Makes a board: signatures only, no proof. Asked again with the same key, it finds the account that is there. */
import { ACCOUNT_CREATION_FEE } from '../protocol.js';
import { openBoard } from '../board.js';
import { run, type Tool } from './run.js';

export const tool: Tool = async (request, session) => {
  const key = request.key('board_key');
  const board = key.toPublicKey();
  const told = { board: board.toBase58() };
  if (await session.findAccount(board)) return { status: 'already-open', ...told };
  await session.covers(ACCOUNT_CREATION_FEE);
  const payer = session.payer.toPublicKey();
  return { ...(await session.send(async () => openBoard(payer, board), [key])), ...told };
};

if (import.meta.main) await run(tool);
