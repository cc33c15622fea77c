// What an offer's input takes can be read back wherever the receipt's documents are.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InputsRefused } from '../src/errors.ts';
import { checkInputs, type InputSchema } from '../src/inputs.ts';
import { canonicalBytes, parseObject } from '../src/json.ts';

const wide = { minimum: -1e300, maximum: 1e300 };
const schema: InputSchema = {
  properties: { size: { type: 'number', ...wide }, count: { type: 'integer', ...wide } },
};

test('R2: a number that canonical JSON writes as too long an integer is refused', () => {
  for (const value of [2 ** 53, -(2 ** 53), 1e17, 999999999999999900000])
    for (const name of ['size', 'count'])
      assert.throws(
        () => checkInputs(schema, { [name]: value }, () => true),
        (error) => error instanceof InputsRefused && /RFC 8785/.test(error.message),
      );
});

test('R2: any other number is read back from canonical JSON', () => {
  for (const size of [2 ** 53 - 1, 1 - 2 ** 53, 0.5, -1e-7, 1e21, -1e300]) {
    const inputs = checkInputs(schema, { size }, () => true);
    assert.deepEqual(parseObject(canonicalBytes(inputs)), inputs);
  }
});
