// What an account owes, as its buyer gets it: a figure that the oracle of the account's terms signed.
import { fieldHex, signedFields, taggedHash } from './fields.ts';
import { isObject } from './json.ts';
import { holds, P, tokenId } from './mina.ts';
import * as read from './read.ts';
import { termsHash } from './verification/documents.ts';

const FIGURE = 'sealrun:figure2';

export interface Figure {
  /** Both in the asset's smallest unit; the pending part is the service's word. */
  due: bigint;
  pending: bigint;
  /** Receipts under the signed root. */
  count: number;
  root: bigint;
}

/** The figure in an answer about this account of these terms (64 hex digits). Throws where it is none, or not signed. */
export function readFigure(answer: unknown, account: string, terms: string): Figure {
  const value = isObject(answer) ? answer : {};
  if (value['account'] !== account) throw new Error('The service told of another account.');
  if (fieldHex(termsHash(value['terms'])) !== terms)
    throw new Error('The service told of an account of other terms.');
  const { network, oracle, asset } = value['terms'] as Record<string, string>;
  if (!network || !oracle || !asset)
    throw new Error('The terms name no oracle, whose figure it would be.');
  const names = ['due', 'tree_root', 'count', 'root', 'signature'];
  const figure = read.only(value['figure'], names, 'figure');
  const due = read.decimal(figure, 'due', read.MAX_UINT64);
  const root = read.decimal(figure, 'root', P - 1n);
  const signature = read.signature(figure, 'signature');
  if (!holds(signedFields(FIGURE, network, account, tokenId(asset), due, root), signature, oracle))
    throw new Error("The service's figure is not signed by the oracle of the terms.");
  const count = read.whole(figure, 'count', 0, Number.MAX_SAFE_INTEGER);
  const tree = read.decimal(figure, 'tree_root', P - 1n);
  if (taggedHash('sealrun:root', [tree, BigInt(count)]) !== root)
    throw new Error("The service's figure has another number of receipts than its root.");
  return { due, pending: read.decimal(value, 'pending', read.MAX_UINT64), count, root };
}
