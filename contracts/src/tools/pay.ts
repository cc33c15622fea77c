/** Pays MINA to an account that is there, with a memo: signatures only. Asked twice with the same `nonce`, it pays at most once. */
import { AccountUpdate } from 'o1js';
import { atLeastOne } from './credits.js';
import { run, type Tool } from './run.js';

/** Of the user's part of a memo. */
const MAX_MEMO = 32;

export const tool: Tool = async (request, session) => {
  const [payer, to] = [session.payer.toPublicKey(), request.address('to')];
  const amount = request.amount('amount');
  const memo = request.text('memo');
  atLeastOne(amount.toBigInt());
  if (!/^[\x20-\x7e]*$/.test(memo) || memo.length > MAX_MEMO)
    request.refuse('memo', `at most ${MAX_MEMO} printable ASCII characters`);
  if (to.equals(payer).toBoolean()) request.refuse('to', 'another than the payer');
  await session.receiver(to, 'payee');
  await session.covers(amount.toBigInt());
  const nonce = request.has('nonce') ? request.whole('nonce', 0, 2 ** 32 - 1) : undefined;
  const pay = async () => {
    AccountUpdate.createSigned(payer).send({ to, amount });
  };
  const sent = await session.send(pay, [], nonce, memo);
  return { ...sent, amount: `${amount}`, to: to.toBase58() };
};

if (import.meta.main) await run(tool);
