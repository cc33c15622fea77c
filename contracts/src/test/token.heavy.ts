/**
 * What takes half an hour and 7 GB: the programs compiled anew, a real proof of a token in GitLab's layout, and what a real
 * prover makes of a wrong lookup. `make test-heavy`.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Cache, Field, type RuntimeTable, ZkProgram, verify } from 'o1js';
import '../backend.js';
import { PROGRAMS } from '../token/pins.js';
import { Table } from '../token/table.js';
import { runTool } from './tool_process.js';
import { CALL, IAT, audience, gitlabClaims, jwk, key, signToken, treeAudience } from './tokens.js';

const KEYS = fileURLToPath(new URL('../token_keys.js', import.meta.url));

describe('the verification keys', () => {
  for (const name of Object.keys(PROGRAMS))
    test(`${name}: the pinned one is that of the source`, () => {
      const answer = execFileSync(process.execPath, [KEYS, name, '--compare'], {
        encoding: 'utf8',
      });
      assert.deepEqual(JSON.parse(answer.trim().split('\n').at(-1)!), { same: true });
    });
});

describe("a token in GitLab's layout", () => {
  const folder = mkdtempSync(join(tmpdir(), 'token-proof-'));
  after(() => rmSync(folder, { recursive: true }));
  const keys = [jwk(key('stranger')), jwk(key('issuer'))].map((each, i) => ({
    ...each,
    kid: i ? each.kid : '-'.repeat(43),
  }));
  let proof: any;

  test('is proved, in four steps that are kept', { timeout: 3_600_000 }, async () => {
    const token = signToken('gitlab', gitlabClaims());
    const { result, stderr } = await runTool(
      'prove-token',
      JSON.stringify({ issuer: 'gitlab', token, keys, folder }),
    );
    assert.equal(result.error, undefined, JSON.stringify(result));
    assert.match(stderr, /proving step 4 of 4/);
    assert.equal(readdirSync(folder).length, 3);
    proof = result;
  });

  test('says its call, its outputs and its time, under a known key', async () => {
    const { result } = await runTool('verify-token', JSON.stringify({ proof, keys }));
    const { audience: said, iat } = result.statement;
    assert.deepEqual([result.holds, result.known, said, iat], [true, true, audience(), IAT]);
  });

  const changes: Record<string, (proof: any) => object> = {
    key: ({ statement }) => ({ statement: { ...statement, key: '1' } }),
    call: ({ statement }) => ({ statement: { ...statement, audience: audience('2f'.repeat(32)) } }),
    iat: ({ statement }) => ({ statement: { ...statement, iat: IAT + 1 } }),
    outputs: ({ statement }) => ({
      statement: { ...statement, audience: audience(CALL, 'ce'.repeat(32)) },
    }),
    'no outputs': ({ statement }) => ({
      statement: { ...statement, audience: `urn:sealrun:call:${CALL}` },
    }),
    'a tree': ({ statement }) => ({ statement: { ...statement, audience: treeAudience(CALL) } }),
    'facts hash': ({ statement }) => ({ statement: { ...statement, facts: '1' } }),
    facts: ({ facts }) => ({ facts: { ...facts, sha: 'ee'.repeat(20) } }),
    issuer: () => ({ proof: Buffer.from('no proof').toString('base64') }),
  };
  for (const [name, change] of Object.entries(changes))
    test(`changed in its ${name}, the proof does not hold`, async () => {
      const { result } = await runTool(
        'verify-token',
        JSON.stringify({ proof: { ...proof, ...change(proof) } }),
      );
      assert.equal(result.holds, false, JSON.stringify(result));
    });
});

describe('a lookup', () => {
  /** The gate alone, without the assertion that finds a wrong pair before a proof is made. */
  const gateOf = (table: Table): RuntimeTable =>
    (table as unknown as { gates: RuntimeTable }).gates;
  const Reader = ZkProgram({
    name: 'lookup',
    publicInput: Field,
    methods: {
      at: {
        privateInputs: [Field],
        async method(value: Field, index: Field) {
          const table = Table.of(
            'test',
            7,
            new Map([
              [0, 10],
              [1, 11],
              [2, 12],
            ]),
          );
          gateOf(table).lookup(index, value);
          table.close();
        },
      },
    },
  });

  test('is refused by the prover if it is wrong, and proved if it is right', async () => {
    const { verificationKey } = await Reader.compile({
      cache: Cache.None,
      withRuntimeTables: true,
    });
    const { proof } = await Reader.at(Field(11), Field(1));
    assert.ok(await verify(proof, verificationKey));
    for (const [value, index] of [
      [12, 1],
      [11, 5],
      [99, 2],
    ] as const)
      await assert.rejects(
        Reader.at(Field(value), Field(index)),
        /failed to find a match in the table/,
      );
  });

  test('needs a program that is compiled for it', async () => {
    await assert.rejects(
      Reader.compile({ cache: Cache.None, forceRecompile: true }),
      /assert_equal/,
    );
  });
});
