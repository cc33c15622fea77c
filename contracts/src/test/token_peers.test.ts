/** The tokens that PyJWT and joserfc are asked about too (`test_job_token_peers.py`): the same ones are taken here. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { before, test } from 'node:test';
import { initializeBindings } from 'o1js';
import { keyOf, readKey } from '../token/issuer_keys.js';
import { GITLAB } from '../token/layouts.js';
import { takeApart } from '../token/witness.js';
import { factsOf, read, reading } from './reading.js';

interface Known {
  name: string;
  good: boolean;
  token: string;
}

const FILE = new URL('../../../tests/vectors/jws.json', import.meta.url);
const { keys, tokens } = JSON.parse(readFileSync(FILE, 'utf8')) as {
  keys: unknown[];
  tokens: Known[];
};

before(async () => await initializeBindings());

for (const { name, good, token } of tokens)
  test(`${good ? 'good' : 'broken'}: ${name}`, async () => {
    const taken = () => {
      const parts = takeApart(GITLAB, token);
      keyOf(GITLAB, keys.map(readKey), token);
      return parts;
    };
    if (!good) assert.throws(taken, /^RangeError: token: expected/);
    else assert.equal((await read(reading('gitlab', taken().payload))).facts, factsOf('gitlab'));
  });
