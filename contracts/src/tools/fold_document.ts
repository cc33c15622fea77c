/** How the tools read `fold.proof.json` and what an account has settled. */
import { type FoldDocument, type SettledJson } from '../fold/document.js';
import { MAX_SETTLED } from '../fold/settled.js';
import type { Request } from './request.js';

const MAX_IAT = 9_999_999_999;

export function readFold(part: Request): FoldDocument {
  part.whole('sealrun', 1, 1);
  const statement = part.part('statement');
  return {
    sealrun: 1,
    statement: {
      terms_hash: `${statement.field('terms_hash')}`,
      account: statement.address('account').toBase58(),
      buyer: statement.address('buyer').toBase58(),
      before: `${statement.field('before')}`,
      after: `${statement.field('after')}`,
      amount: `${statement.amount('amount')}`,
      count: statement.whole('count', 1, MAX_SETTLED),
    },
    calls: part.parts('calls', MAX_SETTLED).map(readSettled),
    proof: part.text('proof'),
  };
}

export function readSettled(part: Request): SettledJson {
  return {
    call: part.hash('call'),
    outputs: part.hash('outputs'),
    iat: part.whole('iat', 0, MAX_IAT),
    price: `${part.amount('price')}`,
  };
}
