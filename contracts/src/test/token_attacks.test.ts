/** Hostile tokens and hostile witnesses, tried without proofs: each must be refused, or prove nothing false. */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { Field, initializeBindings } from 'o1js';
import { Said } from '../token/statement.js';
import {
  type Attack,
  type Reading,
  aim,
  claim,
  factsOf,
  json,
  place,
  read,
  reading,
  refused,
  saying,
} from './reading.js';
import {
  CALL,
  COMMIT,
  type Claims,
  EVIL,
  IAT,
  type Kind,
  OUTPUTS,
  audience,
  claimsOf,
  githubClaims,
  gitlabClaims,
  treeAudience,
} from './tokens.js';

const SHA = claim('sha', EVIL);
const KINDS = ['gitlab', 'github'] as const;
/** A claim of each issuer whose text a stranger may choose. */
const FREE = { gitlab: 'environment', github: 'actor' } as const;
const free = (kind: Kind, value: unknown): Claims => claimsOf[kind]({ [FREE[kind]]: value });

/** The attack is read, and what it reads is not what it was to prove. */
function another(...attacks: [name: string, attack: () => Reading, wanted: () => bigint][]): void {
  for (const [name, attack, wanted] of attacks)
    test(name, async () => {
      assert.notEqual((await read(attack())).facts, wanted());
    });
}

const NOT_A_CLAIM = /place in JSON: expected another value/;
const OTHER_AUDIENCE = /another audience/;
const NO_JSON = /JSON: nothing stands at/;

before(async () => await initializeBindings());

describe('an honest token', () => {
  for (const kind of KINDS) {
    test(`${kind}: says what it says`, async () => {
      const expected = {
        facts: factsOf(kind),
        said: Said.done,
        subject: CALL,
        iat: BigInt(IAT),
        digest: OUTPUTS,
      };
      assert.deepEqual(await read(reading(kind, claimsOf[kind]())), expected);
    });
    test(`${kind}: in any order`, async () => {
      const turned = Object.fromEntries(Object.entries(claimsOf[kind]()).reverse());
      assert.equal((await read(reading(kind, turned))).facts, factsOf(kind));
    });
  }
  test('for a mere call, the digest is zero', async () => {
    const said = await read(reading('gitlab', gitlabClaims({ aud: `urn:sealrun:call:${CALL}` })));
    const { said: word, subject, digest } = said;
    assert.deepEqual([word, subject, digest], [Said.call, CALL, '0'.repeat(64)]);
  });
  test('for a tree, it says the commit and the root, and nothing of a call', async () => {
    const said = await read(reading('gitlab', gitlabClaims({ aud: treeAudience() })));
    const { said: word, subject, digest } = said;
    assert.deepEqual([word, subject, digest], [Said.tree, COMMIT.padStart(64, '0'), OUTPUTS]);
  });
  test('strings with braces, quotes, backslashes and other alphabets are only strings', async () => {
    const odd = ['}}}]]]{{{[[[', 'a\\', '\\"', 'café ☕ 𝕏', '\u0001\u007f', `,"sha":"${EVIL}"`];
    const claims = { ...gitlabClaims({ environment: odd.join(''), groups_direct: odd }) };
    assert.equal((await read(reading('gitlab', claims))).facts, factsOf('gitlab'));
  });
});

describe('text that a stranger chose does not become a claim', () => {
  for (const kind of KINDS) {
    const injected = `x",${SHA},"y":"`;
    const escaped = JSON.stringify(`,${SHA}`).slice(1, -1);
    refused(
      [
        `${kind}: a whole claim, at its escaped quote`,
        () => aim(reading(kind, free(kind, injected)), 'sha', escaped.slice(1), SHA),
        NOT_A_CLAIM,
      ],
      [
        `${kind}: the same, behind the backslash`,
        () => aim(reading(kind, free(kind, injected)), 'sha', escaped.slice(2), SHA),
        NOT_A_CLAIM,
      ],
      [
        `${kind}: with Unicode escapes in place of quotes`,
        () => {
          const text = json(claimsOf[kind]({ [FREE[kind]]: 'HERE' })).toString();
          const hidden = SHA.replaceAll('"', '\\u0022');
          return aim(
            reading(kind, text.replace('HERE', hidden)),
            'sha',
            hidden.slice(0, SHA.length),
          );
        },
        NOT_A_CLAIM,
      ],
      [
        `${kind}: another call in a string`,
        () => {
          const one = reading(kind, free(kind, `,"aud":"${audience('22'.repeat(32))}"`));
          return place(one, { audience: Field(one.payload.indexOf('"aud\\":')) });
        },
        NOT_A_CLAIM,
      ],
      [
        `${kind}: another iat in a string`,
        () => {
          const one = reading(kind, free(kind, ',"iat":1111111111,'));
          return place(one, { iat: Field(one.payload.indexOf('"iat\\":')) });
        },
        NOT_A_CLAIM,
      ],
      [
        `${kind}: a quote that ends a string`,
        () => aim(reading(kind, free(kind, 'x')), 'sha', '","', SHA),
        NOT_A_CLAIM,
      ],
    );
  }
  another([
    'gitlab: a value in place of a name',
    () =>
      aim(reading('gitlab', gitlabClaims({ environment: 'sha' })), 'sha', '"environment":"sha"'),
    () => factsOf('gitlab', { sha: EVIL }),
  ]);
});

describe('a claim of something further down is no claim of the token', () => {
  const nested: [string, unknown][] = [
    ['an object', { sha: EVIL }],
    ['a list of objects', [{ provider: 'x', extern_uid: 'y', sha: EVIL }]],
    ['an object in an object', { x: { sha: EVIL } }],
    ['the last of many', [{}, [], {}, { sha: EVIL }]],
  ];
  for (const kind of KINDS)
    refused(
      ...nested.map(
        ([name, value]): Attack => [
          `${kind}: in ${name}`,
          () => aim(reading(kind, { user_identities: value, ...claimsOf[kind]() }), 'sha', SHA),
          NOT_A_CLAIM,
        ],
      ),
    );
  refused(
    [
      'gitlab: an audience further down',
      () => {
        const one = reading('gitlab', { x: { aud: audience('22'.repeat(32)) }, ...gitlabClaims() });
        return place(one, { audience: Field(one.payload.indexOf('"aud":')) });
      },
      NOT_A_CLAIM,
    ],
    [
      'github: an iat further down',
      () => {
        const one = reading('github', { x: { iat: 1_111_111_111 }, ...githubClaims() });
        return place(one, { iat: Field(one.payload.indexOf('"iat":')) });
      },
      NOT_A_CLAIM,
    ],
    [
      'gitlab: deeper than is followed',
      () => reading('gitlab', gitlabClaims({ x: [[[[[[[[1]]]]]]]] })),
      NO_JSON,
    ],
  );
});

describe('names and values are taken whole', () => {
  const longer = gitlabClaims({ x_sha: EVIL });
  refused(
    [
      'a name that ends in the same letters',
      () => aim(reading('gitlab', longer), 'sha', `sha":"${EVIL}"`, SHA),
      NOT_A_CLAIM,
    ],
    [
      'the quote that ends a name',
      () => aim(reading('gitlab', longer), 'sha', `":"${EVIL}"`, SHA),
      NOT_A_CLAIM,
    ],
    [
      'the comma before a name',
      () => aim(reading('gitlab', gitlabClaims()), 'sha', `,"sha"`),
      /not a claim|not a whole claim/,
    ],
    [
      'half a value',
      () => aim(reading('gitlab', gitlabClaims()), 'sha', `"sha":"${COMMIT.slice(0, 20)}`),
      /not a whole claim/,
    ],
    [
      'nothing at all',
      () => aim(reading('gitlab', gitlabClaims()), 'sha', '"sha"', ''),
      /length of a claim/,
    ],
    [
      'a length beyond the room',
      () => aim(reading('gitlab', gitlabClaims()), 'sha', '"sha"', ' '.repeat(94)),
      /length of a claim/,
    ],
    [
      'a value beyond the room',
      () =>
        aim(
          reading('gitlab', gitlabClaims({ user_id: '1'.repeat(40) }), gitlabClaims()),
          'user_id',
          '"user_id"',
          ' '.repeat(31),
        ),
      /not a whole claim/,
    ],
  );
  another(
    [
      'a name with a Unicode escape in it',
      () =>
        aim(
          reading(
            'gitlab',
            json(gitlabClaims({ ssha: EVIL }))
              .toString()
              .replace('"ssha"', '"\\u0073ha"'),
          ),
          'sha',
          `"\\u0073ha":"${EVIL}"`,
        ),
      () => factsOf('gitlab', { sha: EVIL }),
    ],
    [
      'a name in capitals',
      () => aim(reading('gitlab', gitlabClaims({ SHA: EVIL })), 'sha', `"SHA":"${EVIL}"`),
      () => factsOf('gitlab', { sha: EVIL }),
    ],
    [
      'slashes that are escaped: a value is what stands there, letter by letter',
      () =>
        aim(
          reading(
            'gitlab',
            json(gitlabClaims())
              .toString()
              .replace('"ref_path":"refs/tags/v1.4.0"', '"ref_path":"refs\\/tags\\/v1.4.0"'),
            gitlabClaims(),
          ),
          'ref_path',
          '"ref_path":"refs\\/tags\\/v1.4.0"',
        ),
      () => factsOf('gitlab'),
    ],
    [
      'another claim in its place',
      () => aim(reading('gitlab', gitlabClaims()), 'user_id', claim('project_id', '61234567')),
      () => factsOf('gitlab'),
    ],
    [
      'two claims as one',
      () => aim(reading('gitlab', gitlabClaims()), 'ref_protected', '"ref_type":"tag"'),
      () => factsOf('gitlab'),
    ],
    [
      'a number in place of text',
      () =>
        aim(
          reading('gitlab', gitlabClaims({ user_id: 21987654 }), gitlabClaims()),
          'user_id',
          '"user_id":21987654,"',
        ),
      () => factsOf('gitlab'),
    ],
    [
      'null in place of text',
      () =>
        aim(reading('gitlab', gitlabClaims({ sha: null }), gitlabClaims()), 'sha', '"sha":null,"'),
      () => factsOf('gitlab'),
    ],
  );
  test('ADR 28, assumption 2: of a name that stands twice either can be read, so issuers must not write one', async () => {
    const twice = json(gitlabClaims({ ssha: EVIL }))
      .toString()
      .replace('"ssha"', '"sha"');
    assert.equal(
      (await read(aim(reading('gitlab', twice, gitlabClaims()), 'sha', SHA))).facts,
      factsOf('gitlab', { sha: EVIL }),
    );
  });
});

describe('white space is no part of a claim', () => {
  const spaced =
    (claim: string, by: string): (() => Reading) =>
    () => {
      // Last, so that its place is the honest one's and no other claim's is moved.
      const { [claim]: value, ...others } = gitlabClaims();
      const claims = { ...others, [claim]: value };
      return reading('gitlab', json(claims).toString().replace(`"${claim}":`, by), claims);
    };
  refused(
    ['before the colon of the audience', spaced('aud', '"aud" :'), /another audience/],
    ['before the colon of iat', spaced('iat', '"iat" :'), /not iat/],
    ['behind the colon of iat', spaced('iat', '"iat": '), /decimal digit: nothing stands at/],
    ['in a name', spaced('aud', '"a ud":'), /another audience/],
  );
});

describe('the audience is one text for one call', () => {
  const aud =
    (value: unknown, changes = {}): (() => Reading) =>
    () =>
      place(reading('gitlab', gitlabClaims({ aud: value })), changes);
  refused(
    ['a list', aud([audience()], saying('done')), OTHER_AUDIENCE],
    ['"call", read as "done"', aud(`urn:sealrun:call:${CALL}`, saying('done')), OTHER_AUDIENCE],
    ['"done", read as "call"', aud(audience(), saying('call')), OTHER_AUDIENCE],
    ['"done", read as "tree"', aud(audience(), saying('tree')), OTHER_AUDIENCE],
    ['"tree", read as "done"', aud(treeAudience(), saying('done')), OTHER_AUDIENCE],
    ['"tree", read as "call"', aud(treeAudience(), saying('call')), OTHER_AUDIENCE],
    ['a fourth word', aud(audience(), { said: Field(3) }), OTHER_AUDIENCE],
    ['no word at all', aud(audience(), { said: Field(-1) }), OTHER_AUDIENCE],
    ['another word', aud(audience().replace('done', 'dune'), saying('done')), OTHER_AUDIENCE],
    ['a commit without its zeros', aud(`urn:sealrun:tree:${COMMIT}:${OUTPUTS}`), OTHER_AUDIENCE],
    ['a URL', aud(`https://calls.example/calls/${CALL}`), OTHER_AUDIENCE],
    ['capital digits', aud(audience('AB'.repeat(32))), /hex digit: nothing stands at/],
    ['a digit too few', aud(audience(CALL.slice(1))), OTHER_AUDIENCE],
    ['a digit too many', aud(audience(`${CALL}1`)), OTHER_AUDIENCE],
    ['no outputs', aud(`urn:sealrun:done:${CALL}`), OTHER_AUDIENCE],
    ['half the outputs', aud(audience(CALL, OUTPUTS.slice(32))), /hex digit|another audience/],
    ['more behind the outputs', aud(`${audience()}:x`), OTHER_AUDIENCE],
    ['more behind the call', aud(`urn:sealrun:call:${CALL}/x`), OTHER_AUDIENCE],
    ['a call beyond the field', aud(audience('4'.padEnd(64, '0'))), /beyond the field/],
    [
      'a space behind the colon',
      () =>
        reading(
          'gitlab',
          json(gitlabClaims()).toString().replace('"aud":', '"aud": '),
          gitlabClaims(),
        ),
      OTHER_AUDIENCE,
    ],
    [
      'sub in its place',
      () => {
        const one = reading('gitlab', gitlabClaims({ sub: audience() }));
        return place(one, { audience: Field(one.payload.indexOf('"sub":')) });
      },
      OTHER_AUDIENCE,
    ],
  );
});

describe('iat is ten digits', () => {
  const iat =
    (text: string): (() => Reading) =>
    () =>
      reading(
        'gitlab',
        json(gitlabClaims({ iat: IAT }))
          .toString()
          .replace(`"iat":${IAT}`, `"iat":${text}`),
        gitlabClaims(),
      );
  const NO_DIGIT = /decimal digit: nothing stands at/;
  refused(
    ['as text', iat(`"${IAT}"`), NO_DIGIT],
    ['too few', iat('179600000'), NO_DIGIT],
    ['too many', iat('17960000000'), /iat goes on/],
    ['with a fraction', iat(`${IAT}.5`), /iat goes on/],
    ['below zero', iat('-796000000'), NO_DIGIT],
    ['with an exponent', iat('1796e00000'), NO_DIGIT],
    [
      'nbf in its place',
      () => {
        const one = reading('gitlab', gitlabClaims());
        return place(one, { iat: Field(one.payload.indexOf('"nbf":')) });
      },
      /not iat/,
    ],
  );
});
