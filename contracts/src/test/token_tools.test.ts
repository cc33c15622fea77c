/** The token's tools up to the first proof: what they refuse, at once and without repeating the token. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { findTool } from '../tools/all.js';
import { answer, known } from '../tools/run.js';
import { statementFields } from '../token/document.js';
import { factsHashOf } from '../token/statement.js';
import { LAYOUTS } from '../token/layouts.js';
import { factValues, takeApart } from '../token/witness.js';
import { CALL, gitlabClaims, jwk, key, signToken } from './tokens.js';

async function refusal(tool: string, request: object): Promise<string> {
  const failed = await answer(await findTool(tool), JSON.stringify(request), () => undefined).then(
    (result) => assert.fail(JSON.stringify(result)),
    known,
  );
  assert.equal(failed.type, 'bad-request');
  return failed.message;
}

const token = signToken('gitlab', gitlabClaims());
const asked = { issuer: 'gitlab', token, keys: [jwk(key('issuer'))] };

describe('prove-token refuses', () => {
  const refusals: [string, object, RegExp][] = [
    ['another issuer', { issuer: 'forgejo' }, /^issuer: expected gitlab or github$/],
    ['no keys', { keys: [] }, /^keys: expected at least one RSA key of 2048 bits$/],
    [
      'more keys than a root has',
      { keys: Array(17).fill(asked.keys[0]) },
      /^keys: expected a list of at most 16$/,
    ],
    ['a key of another size', { keys: [jwk(key('short'))] }, /^keys: expected at least one/],
    [
      "a stranger's token",
      { token: signToken('gitlab', gitlabClaims(), key('stranger')) },
      /expected the key's signature/,
    ],
    [
      "another issuer's layout",
      { issuer: 'github', keys: [{ ...asked.keys[0], x5t: 'y' }] },
      /header of 144 characters, as github's, got 106/,
    ],
    ['no token', { token: 'x' }, /three parts of base64url/],
    [
      'a claim that is no text',
      { token: signToken('gitlab', gitlabClaims({ sha: null })) },
      /expected text as sha/,
    ],
  ];
  for (const [name, change, message] of refusals)
    test(name, async () => {
      const said = await refusal('prove-token', { ...asked, ...change });
      assert.match(said, message);
      assert.ok(!said.includes(token.slice(0, 40)));
    });
});

test('a root is over the keys that tokens of the issuer can name, as in Python, whatever else it serves', async () => {
  const tool = await findTool('verify-token');
  const [usable, longKid] = [asked.keys[0]!, { ...asked.keys[0]!, kid: 'x'.repeat(200) }];
  const named = { ...usable, x5t: 'y' };
  const facts = {
    gitlab: factValues(LAYOUTS.gitlab, takeApart(LAYOUTS.gitlab, token)),
    github: {},
  };
  Object.assign(
    facts.github,
    Object.fromEntries(LAYOUTS.github.facts.map(({ name }) => [name, 'x'])),
  );
  const root = async (issuer: 'gitlab' | 'github', keys: object[]): Promise<string> => {
    const statement = { key: '1', audience: `urn:sealrun:call:${CALL}`, facts: '1', iat: 1 };
    const proof = { sealrun: 1, issuer, statement, facts: facts[issuer], proof: 'AAAA' };
    const found = await answer(tool, JSON.stringify({ proof, keys }), () => undefined);
    return (found as { key_root: string }).key_root;
  };
  // The header of the long one is too long for a key hash; without a certificate no header is GitHub's.
  assert.equal(await root('gitlab', [usable, longKid]), await root('gitlab', [usable]));
  assert.equal(await root('github', [named, usable]), await root('github', [named]));
});

test('no audience but the one that was signed has the fields of a statement', () => {
  // A field is the number that the digits write, modulo its order: so would these two texts be.
  const order = 0x40000000000000000000000000000000224698fc094cf91b992d30ed00000001n;
  const more = (BigInt(`0x${CALL}`) + order).toString(16).padStart(64, '0');
  for (const audience of [`call:${more}`, `done:${more}:${CALL}`, `tree:${more}:${CALL}`])
    assert.throws(
      () => statementFields({ key: '1', audience: `urn:sealrun:${audience}`, facts: '1', iat: 1 }),
      /expected urn:sealrun:, call, done or tree/,
    );
});

test('verify-token refuses what is no proof of a token, and facts of another statement', async () => {
  const facts = factValues(LAYOUTS.gitlab, takeApart(LAYOUTS.gitlab, token));
  const statement = {
    key: '1',
    audience: `urn:sealrun:call:${CALL}`,
    facts: `${factsHashOf(LAYOUTS.gitlab, facts)}`,
    iat: 1,
  };
  const proof = { sealrun: 1, issuer: 'gitlab', statement, facts, proof: 'AAAA' };
  assert.match(
    await refusal('verify-token', { proof: { ...proof, sealrun: 2 } }),
    /proof.sealrun: expected/,
  );
  assert.match(
    await refusal('verify-token', { proof: { ...proof, facts: {} } }),
    /proof.facts.project_id: expected text/,
  );
  assert.match(
    await refusal('verify-token', {
      proof: { ...proof, statement: { ...statement, audience: 'urn:sealrun:call:x' } },
    }),
    /64 hex digits/,
  );
  const tool = await findTool('verify-token');
  const other = { ...proof, facts: { ...facts, sha: 'ee' } };
  const found = (await answer(
    tool,
    JSON.stringify({ proof: other, keys: asked.keys }),
    () => undefined,
  )) as any;
  assert.deepEqual([found.holds, found.known], [false, false]);
});
