// A figure that a service shows to an account's buyer holds only as the oracle of the account's own terms signed it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fieldHex, signedFields, taggedHash } from '../src/fields.ts';
import { readFigure } from '../src/figure.ts';
import { addressOf, MINA, newKey, sign, tokenId } from '../src/mina.ts';
import { termsHash } from '../src/verification/documents.ts';

type Answer = Record<string, any>;

const [oracle, seller, operator, account, stranger] = Array.from({ length: 5 }, newKey);
const terms = {
  network: 'mina:devnet',
  asset: MINA,
  ledger: '7',
  seller: addressOf(seller!),
  operator: addressOf(operator!),
  operator_share: 250,
  oracle: addressOf(oracle!),
  exit_delay: 60,
};
const hash = fieldHex(termsHash(terms));
const address = addressOf(account!);
const [tree, count] = [5n, 3];
const root = taggedHash('sealrun:root', [tree, BigInt(count)]);

function shown(due: bigint, key = oracle!): Answer {
  const fields = signedFields('sealrun:figure2', terms.network, address, tokenId(MINA), due, root);
  const numbers = { due: String(due), tree_root: String(tree), count, root: String(root) };
  const figure = { ...numbers, signature: sign(fields, key) };
  return { account: address, terms: { ...terms }, figure, pending: '2' };
}

test('a figure that the oracle signed is read', () => {
  const read = readFigure(shown(10n), address, hash);
  assert.deepEqual([read.due, read.pending, read.count, read.root], [10n, 2n, count, root]);
});

const lies: [string, RegExp, (answer: Answer) => void][] = [
  ['another due', /not signed by the oracle/, ({ figure }) => void (figure.due = '11')],
  ['another root', /not signed by the oracle/, ({ figure }) => void (figure.root = '1')],
  ['another key', /not signed by the oracle/, (one) => Object.assign(one, shown(10n, stranger!))],
  ['more receipts', /another number of receipts/, ({ figure }) => void (figure.count = 4)],
  [
    'another account',
    /told of another account/,
    (one) => void (one.account = addressOf(stranger!)),
  ],
  ['other terms', /of other terms/, (one) => void (one.terms.exit_delay = 61)],
  ['a negative due', /due: expected a decimal number/, ({ figure }) => void (figure.due = '-1')],
  ['no figure', /figure: expected/, (one) => void delete one.figure],
];
for (const [name, words, change] of lies)
  test(`a figure with ${name} is refused`, () => {
    const answer = shown(10n);
    change(answer);
    assert.throws(() => readFigure(answer, address, hash), words);
  });
