/** What takes minutes and 4 GB: the proved account compiled anew, and a real token's proof verified by its key in a circuit. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { before, describe, test } from 'node:test';
import { Field, VerificationKey, ZkProgram } from 'o1js';
import { circuitCache } from '../backend.js';
import { TOKEN_KEYS, TokenProof } from '../fold/programs.js';
import { statementFields } from '../token/document.js';
import { pinnedPrograms } from '../token/pins.js';
import { TokenStatement } from '../token/statement.js';
import { compileKey, pinnedKeys } from '../verification_keys.js';

const FILE = new URL('../../../tests/vectors/token_proof.json', import.meta.url);
const { proof: kept } = JSON.parse(readFileSync(FILE, 'utf8'));

test('A1: the pinned verification key of ProvedAccount is that of the source', async () => {
  assert.deepEqual(await compileKey('ProvedAccount'), pinnedKeys().ProvedAccount);
});

describe("a real token's proof, verified as a fold does", () => {
  const Verifier = ZkProgram({
    name: 'verify-token-proof',
    publicOutput: TokenStatement,
    methods: {
      take: {
        privateInputs: [TokenProof, VerificationKey],
        async method(token: TokenProof, key: VerificationKey) {
          key.hash.assertEquals(Field(TOKEN_KEYS.gitlab), 'not proved by a pinned program');
          token.verify(key);
          return { publicOutput: token.publicOutput };
        },
      },
    },
  });
  before(() => Verifier.compile({ cache: circuitCache() }));

  test('A16: holds under its key', async () => {
    const { data, hash } = pinnedPrograms().gitlab.key;
    const token = await TokenProof.fromJSON({
      publicInput: [],
      publicOutput: TokenStatement.toFields(statementFields(kept.statement)).map(String),
      maxProofsVerified: 1,
      proof: kept.proof,
    });
    const key = new VerificationKey({ data, hash: Field(hash) });
    const { proof } = await Verifier.take(token, key);
    assert.ok(await Verifier.verify(proof));
  });
});
