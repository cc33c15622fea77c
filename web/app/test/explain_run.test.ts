// What the page says about a run that is over, by rules alone.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { utf8 } from '../../shared/src/bytes.ts';
import { MINA, newKey, addressOf, tokenOf } from '../../shared/src/mina.ts';
import { termsHash } from '../../shared/src/verification/documents.ts';
import { explain, material, type Run } from '../src/assistant/explain_run.ts';

const tokenOwner = addressOf(newKey());
const PLACE = 'profile/build/job.log';

const KEY = 'B62qiVGZQdBJJrxnzhvqp7LKe6jDiFcpU3cF5xHoZof5Pz9qiL85KLx';
const RUN = tokenOf(KEY);
const TERMS = {
  network: 'mina:devnet',
  ledger: '7',
  seller: KEY,
  operator: KEY,
  operator_share: 0,
  oracle: KEY,
  exit_delay: 100,
};
const PRICES = [
  { asset: MINA, amount: 5_000_000_000n, decimals: 9, symbol: 'MINA' },
  { asset: RUN, amount: 1n, decimals: 0, symbol: 'RUN', owner: KEY },
].map((price) => ({ ...price, terms: { ...TERMS, asset: price.asset } }));

function run(
  changes: { outcome?: string; log?: string; broken?: boolean; asset?: string } = {},
): Run {
  const { outcome = 'failed', log, broken = false, asset = MINA } = changes;
  const files =
    log === undefined
      ? []
      : [{ place: PLACE, verdict: 'holds', leaf: { kind: 'log', label: 'build/job.log' } }];
  const verification = {
    claims: [
      { name: 'signature', verdict: 'holds', says: 'signed by K', restsOn: '' },
      {
        name: 'files',
        verdict: broken ? 'broken' : 'holds',
        says: 'a.txt: expected one digest, got another',
        restsOn: '',
      },
      { name: 'grade', verdict: 'not shown', says: 'needs keys', restsOn: '' },
    ],
    receipt: { outcome },
    opened: undefined,
    files,
    jobs: [
      { name: 'build', status: 'failed', result: 'failed', mayFail: false, retried: false },
      { name: 'docs', status: 'success', result: 'succeeded', mayFail: true, retried: false },
    ],
    holds: !broken,
  };
  const terms_hash = String(termsHash({ ...TERMS, asset }));
  const folder = new Map([['call.json', utf8(JSON.stringify({ terms_hash }))]]);
  if (log !== undefined) folder.set(PLACE, utf8(log));
  return {
    evidence: { folder, verification },
    offer: { title: 'T', prices: PRICES },
  } as unknown as Run;
}

const LOG = `start\nTypeError: x is undefined\n${'fine\n'.repeat(50)}npm error missing script\nERROR: Job failed: exit code 1\n`;

test('the lines that speak of trouble are repeated, without the CI’s own last line', () => {
  assert.equal(
    explain(run({ log: LOG }), 'Why did it fail?'),
    'Failed. Jobs that failed: build.\n\nbuild, lines that speak of trouble:\nTypeError: x is undefined\nnpm error missing script',
  );
});

test('a log that speaks of no trouble is repeated from its end', () => {
  const told = explain(run({ log: 'one\ntwo\n' }), 'what happened');
  assert.match(told, /build, last lines:\none\ntwo$/);
});

test('without a log the answer says who has it, and guesses nothing', () => {
  assert.match(
    explain(run(), 'why?'),
    /No log is here: the offer keeps it from everyone but the buyer/,
  );
});

test('a broken claim comes before any story', () => {
  for (const question of ['why did it fail', 'do the claims hold'])
    assert.match(
      explain(run({ broken: true, log: LOG }), question),
      /^Do not rely on this run. 1 of 3 claims are broken:\nFiles: a.txt/,
    );
});

test('claims, one claim, jobs and money', () => {
  assert.equal(
    explain(run(), 'is the receipt verified'),
    '2 of 3 claims hold. These cannot be told from here:\nGrade: needs keys',
  );
  assert.match(
    explain(run(), 'what does the signature mean'),
    /^Signature: The oracle’s key signed .* Here it holds: signed by K\.$/,
  );
  assert.match(
    explain(run(), 'how did the steps go'),
    /build: failed\ndocs: succeeded, and may fail$/,
  );
  assert.match(explain(run(), 'what does it cost'), /^0 MINA/);
  assert.match(explain(run({ outcome: 'succeeded' }), 'what does it cost'), /^5 MINA are due/);
  const paid = (outcome: string, asset: string) => explain(run({ outcome, asset }), 'what is due');
  assert.match(paid('failed', RUN), /^0 RUN\. The run costs 1 RUN/);
  assert.match(paid('succeeded', RUN), /^1 RUN are due/);
  assert.match(paid('succeeded', tokenOf(tokenOwner)), /names no price of this offer/);
  assert.match(explain(run(), 'hello'), /^Ask why/);
});

test('what a model reads is bounded', () => {
  const long = run({ log: 'x'.repeat(400_000) });
  assert.ok(JSON.stringify(material(long)).length < 10_000);
});
