// Judges answers of nodes as the page does: [{answer, address, terms, code, token, settled}, ...] on standard input.
import { text } from 'node:stream/consumers';
import { checkAccount, funds } from '../../web/shared/src/chain/account.ts';

const answers = JSON.parse(await text(process.stdin)).map(({ answer, settled, ...expected }) => {
  const signed = settled && { ...settled, due: BigInt(settled.due), root: BigInt(settled.root) };
  try {
    const view = checkAccount(answer, { ...expected, settled: signed });
    const { buyer, exitSlot, settledKnown } = view;
    return { buyer, exitSlot, settledKnown, funds: String(funds(view)), height: view.tip.height };
  } catch (error) {
    return { type: error.type, refused: error.message };
  }
});
process.stdout.write(JSON.stringify(answers));
