// Whatever a seller may write into an offer, the page reads.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { offerId } from '../../shared/src/offer.ts';
import { parseOffer } from '../src/service/offer.ts';

const KEY = 'B62qiTKpEPjGTSHZrtM8uXiKgn8So916pLmNJKDhKeyBQL9TDb3nvBG';

const source = {
  provider: 'gitlab',
  origin: 'https://ci.example',
  project: '7',
  ref: 'v1',
  commit: 'a'.repeat(40),
  tree: 'b'.repeat(40),
  configuration: { path: '.gitlab-ci.yml', sha256: 'c'.repeat(64), includes: [] },
  user: 3,
};

const offer = {
  title: 'Say hello',
  network: 'mina:devnet',
  price: '0',
  terms: null,
  oracle: KEY,
  access: { open: true, keys: [] },
  limits: { seconds: 60 },
  inputs: { type: 'object', properties: {}, additionalProperties: false },
  evidence: {
    inputs: 'buyer',
    outputs: [],
    log: [],
    symbols: [],
    probes: [],
    token: 'buyer',
    grade: 0,
    deterministic: false,
  },
};

for (const more of [
  {},
  { base_path: '/gitlab' },
  { inputs_as: 'variables' },
  { base_path: '/gitlab', inputs_as: 'inputs' },
])
  test(`a source with ${JSON.stringify(more)} is read`, async () => {
    const document = { ...offer, source: { ...source, ...more } };
    const read = await parseOffer(document, await offerId(document));
    assert.deepEqual(read.source, { ...source, ...more });
  });

test('a source with a member that this page does not know is refused', async () => {
  const document = { ...offer, source: { ...source, runner: 'mine' } };
  await assert.rejects(parseOffer(document, await offerId(document)), /source: .*runner/);
});
