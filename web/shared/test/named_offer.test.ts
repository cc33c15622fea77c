// Inputs that name another offer, as the functions read them: see tests/sealrun/offers/test_named_offer.py.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inputsHash } from '../src/call.ts';
import { checkInput } from '../src/inputs.ts';
import { readNamedOffer, writtenOffer } from '../src/named_offer.ts';

const ID = '0a'.repeat(32);
const GOOD = [
  [`service.example/offers/${ID}`, `https://service.example/offers/${ID}`],
  [`service.example+8443/ci/v1/offers/${ID}`, `https://service.example:8443/ci/v1/offers/${ID}`],
  [`127.0.0.1+8080/offers/${ID}`, `http://127.0.0.1:8080/offers/${ID}`],
] as const;
const BAD = [
  `https://service.example/offers/${ID}`,
  `service.example:8443/offers/${ID}`,
  `Service.example/offers/${ID}`,
  `service.example./offers/${ID}`,
  `ser_vice.example/offers/${ID}`,
  `xn--ls8h.example/offers/${ID}`,
  `service.example+443/offers/${ID}`,
  `service.example+65536/offers/${ID}`,
  `user@service.example/offers/${ID}`,
  `service.example/../offers/${ID}`,
  `service.example//offers/${ID}`,
  `service.example/offers/${ID.toUpperCase()}`,
  `service.example/${ID}`,
  `127.1/offers/${ID}`,
  `0x7f000001/offers/${ID}`,
  `2130706433/offers/${ID}`,
  `${'a'.repeat(250)}/offers/${ID}`,
  '',
];

test('an address and the value that writes it are one', () => {
  for (const [value, url] of GOOD) {
    assert.equal(readNamedOffer(value).url, url);
    assert.equal(writtenOffer(url), value);
    assert.equal(writtenOffer(value), value);
    checkInput('scanner', { type: 'string', format: 'sealrun-offer' }, value, () => true);
  }
});

test('no other spelling names an offer', () => {
  for (const value of BAD)
    assert.throws(
      () => checkInput('scanner', { type: 'string', format: 'sealrun-offer' }, value, () => true),
      /scanner: (offer: )?expected /,
      value,
    );
});

test('the hash of the inputs covers reads and parent', async () => {
  const call = {
    network: 'mina:devnet',
    account: '',
    offerHash: 1n,
    termsHash: 0n,
    asset: '',
    inputs: { layer: 'both' },
    salt: 'ab'.repeat(32),
    nonce: '7',
    expiresAt: 1_800_003_600,
    reads: ['0b'.repeat(32)],
    parent: { call: ID, depth: 2 },
  };
  assert.equal(
    await inputsHash(call),
    22399217642304877740796791052319957434339841055627948332450184480977937681005n,
  );
});
