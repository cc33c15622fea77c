/** A real proof that was made once: it holds for its statement and for no other. `make test-heavy` makes a new one. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { findTool } from '../tools/all.js';
import { answer } from '../tools/run.js';
import { CALL, audience, treeAudience } from './tokens.js';

const FILE = new URL('../../../tests/vectors/token_proof.json', import.meta.url);
const { proof, keys } = JSON.parse(readFileSync(FILE, 'utf8'));
const { statement } = proof;

async function found(changes: object = {}): Promise<Record<string, unknown>> {
  const request = JSON.stringify({ proof: { ...proof, ...changes }, keys });
  return (await answer(await findTool('verify-token'), request, () => undefined)) as Record<
    string,
    unknown
  >;
}

describe('a real proof', () => {
  test('holds, under a known key', async () => {
    const { holds, known } = await found();
    assert.deepEqual([holds, known], [true, true]);
  });

  const changes: Record<string, object> = {
    key: { statement: { ...statement, key: '1' } },
    call: { statement: { ...statement, audience: audience('2f'.repeat(32)) } },
    iat: { statement: { ...statement, iat: statement.iat + 1 } },
    outputs: { statement: { ...statement, audience: audience(CALL, 'ce'.repeat(32)) } },
    'lack of outputs': { statement: { ...statement, audience: `urn:sealrun:call:${CALL}` } },
    kind: { statement: { ...statement, audience: treeAudience(CALL) } },
    'facts hash': { statement: { ...statement, facts: '1' } },
    facts: { facts: { ...proof.facts, sha: 'ee'.repeat(20) } },
    proof: { proof: Buffer.from('no proof').toString('base64') },
  };
  for (const [name, change] of Object.entries(changes))
    test(`with another ${name} does not hold`, async () => {
      assert.equal((await found(change))['holds'], false);
    });
});
