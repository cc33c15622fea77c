// The vectors that Python and the contracts made: what they compute is what is computed here.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { voucherFields, type Call } from '../src/call.ts';
import { exitFields, withdrawFields, type Left } from '../src/chain/leaving.ts';
import { factsHash } from '../src/facts.ts';
import { CALLS, digestFields, signedFields, taggedHash, textField } from '../src/fields.ts';
import { addressOf, holds, keyFields, sign, tokenId, tokenOf } from '../src/mina.ts';
import { offerFields } from '../src/offer.ts';
import { pricesHash, readPrices } from '../src/prices.ts';
import { receiptFields } from '../src/receipt.ts';
import { ACCOUNT, accountRight, callRight } from '../src/rights.ts';
import { termsHash } from '../src/verification/documents.ts';

type Entry = Record<string, any>;

const read = (file: string): Record<string, Entry[]> =>
  JSON.parse(readFileSync(new URL(`../../../tests/vectors/${file}`, import.meta.url), 'utf-8'));
const texts = (fields: bigint[]): string[] => fields.map(String);

const right = (entry: Entry): [string, string, string] => [
  entry.service,
  entry.network,
  entry.account,
];

const amounts = (prices: Entry[]) =>
  prices.map(({ asset, amount }) => ({ asset, amount: BigInt(amount) }));

const COMPUTED: Record<string, (entry: Entry) => Entry | Promise<Entry>> = {
  text: (entry) => ({ field: String(textField(entry.text)) }),
  hash: (entry) => ({ hash: String(taggedHash(entry.tag, entry.fields.map(BigInt))) }),
  digest: (entry) => ({ fields: texts(digestFields(Buffer.from(entry.sha256, 'hex'))) }),
  call: (entry) => ({
    hash: String(
      taggedHash('sealrun:call', [
        textField(entry.network),
        ...keyFields(entry.account),
        ...['offer_hash', 'terms_hash', 'inputs_hash', 'nonce', 'expires_at'].map((name) =>
          BigInt(entry[name]),
        ),
      ]),
    ),
  }),
  voucher: (entry) => ({
    fields: texts(
      voucherFields(entry as unknown as Call, BigInt(entry.call_hash), BigInt(entry.limit)),
    ),
  }),
  read: async (entry) => ({
    fields: texts(
      await callRight(...right(entry), BigInt(entry.call_hash), Number(entry.expires_at)),
    ),
  }),
  account: async (entry) => ({
    fields: texts(await accountRight(ACCOUNT, ...right(entry), Number(entry.expires_at))),
  }),
  calls: async (entry) => ({
    fields: texts(await accountRight(CALLS, ...right(entry), Number(entry.expires_at))),
  }),
  terms: (entry) => ({ hash: String(termsHash(entry.terms)) }),
  prices: (entry) => ({ root: String(pricesHash(amounts(entry.prices))) }),
  offer: (entry) => ({
    hash: String(
      offerFields(
        digestFields(Buffer.from(entry.sha256, 'hex')),
        BigInt(entry.facts),
        pricesHash(amounts(entry.prices)),
      ),
    ),
  }),
  facts: (entry) => ({ hash: String(factsHash(entry.issuer, entry.facts)) }),
  receipt: (entry) => ({ fields: texts(receiptFields(entry.data)) }),
  exit: (entry) => ({ fields: texts(exitFields(entry as unknown as Left, entry.latest)) }),
  withdraw: (entry) => ({
    fields: texts(withdrawFields(entry as unknown as Left, entry.exit_slot, BigInt(entry.amount))),
  }),
};

for (const file of ['contracts.json', 'sealrun.json'])
  for (const [name, entries] of Object.entries(read(file)).filter(([name]) => name in COMPUTED))
    test(`${name} of ${file}`, async () => {
      assert.ok(entries.length > 0);
      for (const entry of entries) {
        assert.deepEqual({ ...entry, ...(await COMPUTED[name]!(entry)) }, entry);
        if (entry.signature) {
          const fields = entry.fields.map(BigInt);
          assert.ok(holds(fields, entry.signature, entry.signer));
          assert.ok(!holds([...fields.slice(1), 1n], entry.signature, entry.signer));
        }
      }
    });

test('keys and signatures of o1js and of both versions of mina-signer', () => {
  for (const { privateKey, publicKey, fields } of read('keys.json').keys!) {
    assert.equal(addressOf(privateKey), publicKey);
    assert.deepEqual(texts(keyFields(publicKey)), fields);
  }
  for (const { fields, privateKey, publicKey, signature } of read('field_signatures.json')
    .signed!) {
    assert.equal(sign(fields.map(BigInt), privateKey), signature);
    assert.ok(holds(fields.map(BigInt), signature, publicKey));
  }
});

test('a signed list begins with its tag, the network and the key', () => {
  const address = read('keys.json').keys![0]!.publicKey;
  const fields = signedFields('sealrun:read', 'mina:devnet', address, 7n);
  assert.deepEqual(fields.slice(2), [...keyFields(address), 7n]);
});

test("token ids are those of o1js, and a price names its token's owner", () => {
  const [one] = read('tokens.json').derived!.filter(({ parent }) => parent === '1');
  const owner = one!.publicKey;
  assert.deepEqual([tokenOf(owner), String(tokenId(one!.text))], [one!.text, one!.id]);
  assert.throws(() => tokenId(read('tokens.json').tokens![0]!.text), /the id of a token/);
  const credit = { asset: tokenOf(owner), amount: '1', decimals: 0, symbol: 'RUN', owner };
  assert.deepEqual(readPrices([credit]), [{ ...credit, amount: 1n }]);
  for (const lie of [
    { owner: read('keys.json').keys![1]!.publicKey },
    { symbol: 'mina' },
    { amount: '0' },
    { asset: 'wTwin' },
    { decimals: 19 },
    { tip: 1 },
  ])
    assert.throws(() => readPrices([{ ...credit, ...lie }]), /expected/);
  assert.throws(() => readPrices([credit, credit]), /each asset once/);
});
