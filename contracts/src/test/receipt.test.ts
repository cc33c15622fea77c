import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { Field, PrivateKey, Provable, PublicKey, Signature } from 'o1js';
import { textField } from '../fields.js';
import { Receipt, type ReceiptDocument, SignedReceipt } from '../receipt.js';

const VECTORS = new URL('../../../tests/vectors/sealrun.json', import.meta.url);
/** The first one is of a good run on devnet. */
const [{ data, signer, signature }] = JSON.parse(readFileSync(VECTORS, 'utf8')).receipt;
const document: ReceiptDocument = { data, signature, publicKey: signer };
const oracle = PublicKey.fromBase58(signer);
const [devnet, offer] = [textField('mina:devnet'), Field(data.offer_hash)];

/** As another key's, or over other data that are signed as well. */
function signedAnew(changes: object, key: PrivateKey): SignedReceipt {
  const receipt = Receipt.read({ ...data, ...changes });
  return new SignedReceipt({ receipt, signature: Signature.create(key, receipt.fields()) });
}

describe('a receipt in a contract', () => {
  test('of a good run, which the Python side signed, holds in a circuit', async () => {
    await Provable.runAndCheck(() => {
      const signed = new SignedReceipt(
        Provable.witness(SignedReceipt, () => SignedReceipt.read(document)),
      );
      const key = Provable.witness(PublicKey, () => oracle);
      signed.requireGood(key, devnet, offer);
    });
  });

  const key = PrivateKey.fromBigInt(77n);
  const own = key.toPublicKey();
  const refused: [string, SignedReceipt, PublicKey, RegExp][] = [
    ['by another key', SignedReceipt.read(document), own, /not signed by this oracle/],
    ['of another network', signedAnew({ network: 'mina:mainnet' }, key), own, /another network/],
    ['of another offer', signedAnew({ offer_hash: '1' }, key), own, /another offer/],
    ['of a failed run', signedAnew({ status: 2 }, key), own, /the run was not good/],
  ];
  for (const [name, signed, by, message] of refused) {
    test(`${name} is refused`, () => {
      assert.throws(() => signed.requireGood(by, devnet, offer), message);
    });
  }

  test('that was changed in any field does not hold', () => {
    for (const name of Object.keys(data)) {
      const other =
        name === 'network' ? 'mina:mainnet' : name === 'status' ? 3 : name === 'grade' ? 2 : 5;
      const value = typeof data[name] === 'string' && name !== 'network' ? String(other) : other;
      const changed = SignedReceipt.read({ ...document, data: { ...data, [name]: value } });
      assert.equal(changed.signedBy(oracle).toBoolean(), false, name);
    }
  });

  const malformed: [string, object, RegExp][] = [
    ['a missing name', { data: { ...data, grade: undefined } }, /grade: expected a whole number/],
    ['one name more', { data: { ...data, tip: 1 } }, /data: expected network, .*, got .*tip/],
    ['no data', { data: null }, /data: expected network/],
    [
      'another network',
      { data: { ...data, network: 'mina:x' } },
      /network: expected mina:devnet or/,
    ],
    [
      'a hash of p',
      { data: { ...data, call_hash: `${Field.ORDER}` } },
      /call_hash: expected a field/,
    ],
    ['a hash in hex', { data: { ...data, call_hash: '0x1' } }, /call_hash: expected a field/],
    ['status 0', { data: { ...data, status: 0 } }, /status: expected a whole number from 1 to 10/],
    [
      'grade 4',
      { data: { ...data, grade: 4 } },
      /grade: expected a whole number from 0 to 3, got 4/,
    ],
    ['no signature', { signature: 'abc' }, /signature: expected one in base58/],
  ];
  for (const [name, changes, message] of malformed) {
    test(`with ${name} is not read`, () => {
      const changed = { ...document, ...changes } as ReceiptDocument;
      assert.throws(
        () => SignedReceipt.read(changed),
        (error: Error) => {
          assert.match(error.message, message);
          return error instanceof RangeError;
        },
      );
    });
  }
});
