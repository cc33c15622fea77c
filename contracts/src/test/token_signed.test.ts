/** Hashing and signature: nothing but what the issuer's key signed is read. By witness, without proofs. */
import assert from 'node:assert/strict';
import { type KeyObject, constants, createHash, privateEncrypt, sign } from 'node:crypto';
import { before, describe, test } from 'node:test';
import { Field, Provable, UInt32, initializeBindings } from 'o1js';
import '../backend.js';
import { claimPlaces } from '../token/claims.js';
import { GITLAB } from '../token/layouts.js';
import {
  hashOfKey,
  headerOf,
  keyOf,
  readKey,
  rootOfKeys,
  type IssuerKey,
} from '../token/issuer_keys.js';
import { FIRST, LAST, MAX_BLOCKS, readToken } from '../token/programs.js';
import { Number2048, requireSigned } from '../token/rsa.js';
import { Blocks, Hashed, absorb, absorbSome, chainOf, start } from '../token/sha256.js';
import {
  charactersOf,
  paddedBlocks,
  placesOf,
  planOf,
  takeApart,
  whole,
  wordsOf,
} from '../token/witness.js';
import { fields, swap } from './reading.js';
import {
  HEADERS,
  OUTPUTS,
  base64url,
  gitlabClaims,
  jwk,
  key,
  signText,
  signToken,
} from './tokens.js';

const hashed = (blocks: Buffer): Hashed => absorb(start(), wordsOf(blocks, 0, blocks.length / 64));
const digest = ({ state }: Hashed): string =>
  state.map((word) => word.toBigint().toString(16).padStart(8, '0')).join('');
const sha256 = (text: Buffer): string => createHash('sha256').update(text).digest('hex');
const number = (bytes: Buffer): bigint => BigInt(`0x${bytes.toString('hex')}`);

before(async () => await initializeBindings());

describe('SHA-256 over blocks', () => {
  for (const length of [0, 1, 54, 55, 56, 57, 63, 64, 65, 118, 119, 120, 128, 700])
    test(`a message of ${length} bytes has its digest, and its bytes the chain of its blocks`, () => {
      const message = Buffer.alloc(length, 'sealrun');
      const blocks = paddedBlocks(message);
      const done = hashed(blocks);
      assert.equal(digest(done), sha256(message));
      assert.deepEqual(chainOf(fields(blocks), Field(blocks.length / 64)), done.blocks);
    });

  test('hashing in steps gives what hashing at once gives, for every number of blocks in the first step', () => {
    const blocks = paddedBlocks(Buffer.alloc(FIRST * 64 + 100, 'x'));
    for (let count = 1; count <= FIRST; count++) {
      const first = absorbSome(start(), wordsOf(blocks, 0, count, FIRST), Field(count));
      const rest = absorb(first, wordsOf(blocks, count, blocks.length / 64 - count));
      assert.deepEqual(Hashed.toJSON(rest), Hashed.toJSON(hashed(blocks)));
    }
  });

  test('a count that is none of the blocks is refused', () => {
    const words = wordsOf(paddedBlocks(Buffer.from('x')), 0, 1, FIRST);
    for (const count of [Field(0), Field(FIRST + 1), Field(-1), Field(1).div(2)]) {
      assert.throws(() => absorbSome(start(), words, count), /count of blocks/);
      assert.throws(
        () => chainOf(fields(paddedBlocks(Buffer.from('x'))), count.add(5)),
        /count of blocks/,
      );
    }
  });

  test('bytes behind the last block, and any other byte before it, are refused or give another chain', () => {
    const blocks = paddedBlocks(Buffer.alloc(100, 'x'));
    const [bytes, { blocks: chain }] = [fields(blocks), hashed(blocks)];
    assert.throws(() => chainOf(swap(bytes, 128, Field(1)), Field(2)), /bytes after the end/);
    assert.throws(() => chainOf(swap(bytes, 191, Field(1)), Field(2)), /bytes after the end/);
    for (const at of [0, 27, 28, 55, 56, 63, 64, 127])
      assert.notDeepEqual(chainOf(swap(bytes, at, bytes[at]!.add(1)), Field(2)), chain);
    assert.throws(() => chainOf(bytes, Field(1)), /bytes after the end/);
  });

  test('words of more than 32 bits are refused', async () => {
    await assert.rejects(
      Provable.runAndCheck(() => {
        Provable.witness(Blocks(1), () => [
          ...Array(15).fill(UInt32.from(0)),
          UInt32.Unsafe.fromField(Field(2n ** 32n)),
        ]);
      }),
    );
  });
});

describe('RS256', () => {
  const message = Buffer.from('header.payload');
  const modulus = whole(jwk(key('issuer')).n);
  /** Whether the gadget takes this number as the signature over the message. */
  async function taken(signature: bigint, n = modulus): Promise<void> {
    await Provable.runAndCheck(() => {
      const { state } = Provable.witness(Hashed, () => hashed(paddedBlocks(message)));
      const [s, m] = [signature, n].map((value) =>
        Provable.witness(Number2048.provable, () => Number2048.from(value)),
      );
      requireSigned(state, s!, m!);
    });
  }
  /** The key's power over any block, as somebody who holds it could sign what is no PKCS #1 v1.5. */
  const raw = (block: Buffer): bigint =>
    number(privateEncrypt({ key: key('issuer'), padding: constants.RSA_NO_PADDING }, block));
  const signed = (
    algorithm: string,
    signer: KeyObject,
    padding = constants.RSA_PKCS1_PADDING,
  ): bigint => number(sign(algorithm, message, { key: signer, padding }));
  const INFO = Buffer.from('3031300d060960864801650304020105000420', 'hex');
  const padded = (...parts: Buffer[]): Buffer => {
    const end = Buffer.concat(parts);
    return Buffer.concat([
      Buffer.from([0, 1]),
      Buffer.alloc(256 - 3 - end.length, 0xff),
      Buffer.from([0]),
      end,
    ]);
  };
  const hash = createHash('sha256').update(message).digest();

  test('the signature of the key holds', async () =>
    await taken(signed('RSA-SHA256', key('issuer'))));
  test('so does the same block made by hand', async () => await taken(raw(padded(INFO, hash))));
  const forged: [string, () => bigint][] = [
    ["a stranger's", () => signed('RSA-SHA256', key('stranger'))],
    ['over SHA-512', () => signed('RSA-SHA512', key('issuer'))],
    ['over SHA-1', () => signed('RSA-SHA1', key('issuer'))],
    ['with PSS', () => signed('RSA-SHA256', key('issuer'), constants.RSA_PKCS1_PSS_PADDING)],
    ['0', () => 0n],
    ['1', () => 1n],
    ['of the modulus itself', () => modulus],
    ['without the name of the hash', () => raw(padded(hash))],
    [
      'with less padding and bytes behind the digest',
      () =>
        raw(Buffer.concat([Buffer.from([0, 1]), padded(INFO, hash).subarray(10), Buffer.alloc(8)])),
    ],
    ['with another first byte', () => raw(Buffer.from(padded(INFO, hash)).fill(2, 1, 2))],
    ['with a hole in the padding', () => raw(Buffer.from(padded(INFO, hash)).fill(0xfe, 100, 101))],
    ['over another digest', () => raw(padded(INFO, createHash('sha256').update('x').digest()))],
  ];
  for (const [name, signature] of forged)
    test(`a signature ${name} does not`, async () => {
      const value = signature();
      await assert.rejects(taken(value), /Constraint unsatisfied|assert/i);
    });
  test('numbers are limbs of 116 bits, where they are witnessed', async () => {
    const limbs = (first: Field): Number2048 =>
      Number2048.unsafeFromLimbs([first, ...Array<Field>(17).fill(Field(0))]);
    const witnessed = async (first: Field): Promise<void> =>
      await Provable.runAndCheck(() => {
        Provable.witness(Number2048.provable, () => limbs(first));
      });
    await witnessed(Field(2n ** 116n - 1n));
    // Not 2^128: its limbs of 64 bits are held by gates that are not looked at here (token.heavy.ts).
    for (const first of [Field(2n ** 116n), Field(-1), Field(1).div(2)])
      await assert.rejects(witnessed(first));
  });
  test('nor does one of a key with the exponent 3', async () => {
    const n = whole(jwk(key('exponent3')).n);
    await assert.rejects(taken(signed('RSA-SHA256', key('exponent3')), n));
  });
});

describe('a whole token', () => {
  async function proved(
    token: string,
    changes: { signature?: bigint; characters?: (c: Field[]) => Field[] } = {},
  ): Promise<Record<string, string>> {
    const parts = takeApart(GITLAB, token);
    const count = parts.blocks.length / 64;
    let said: Record<string, string> = {};
    await Provable.runAndCheck(() => {
      const before = Provable.witness(Hashed, () =>
        absorb(start(), wordsOf(parts.blocks, 0, count - LAST)),
      );
      const words = Provable.witness(Blocks(LAST), () => wordsOf(parts.blocks, count - LAST, LAST));
      const number = (value: bigint): Number2048 =>
        Provable.witness(Number2048.provable, () => Number2048.from(value)) as Number2048;
      const signed = {
        signature: number(changes.signature ?? parts.signature),
        modulus: number(whole(jwk(key('issuer')).n)),
      };
      const text = charactersOf(parts.blocks);
      const characters = Provable.witness(
        Provable.Array(Field, 64 * MAX_BLOCKS),
        () => changes.characters?.(text) ?? text,
      );
      const Places = claimPlaces(GITLAB);
      const places = Provable.witness(Places, () => new Places(placesOf(GITLAB, parts)));
      const statement = readToken(
        GITLAB,
        before,
        words,
        signed,
        characters,
        Provable.witness(Field, () => Field(count)),
        places,
      );
      Provable.asProver(() => {
        said = Object.fromEntries(
          Object.entries(statement).map(([name, field]) => [name, `${field}`]),
        );
      });
    });
    return said;
  }
  const token = signToken('gitlab', gitlabClaims());

  test('its statement names the key, and the digest in halves', async () => {
    const said = await proved(token);
    assert.equal(said['key'], `${hashOfKey(GITLAB, jwk(key('issuer')))}`);
    assert.equal(said['digestHigh'], `${BigInt(`0x${OUTPUTS.slice(0, 32)}`)}`);
  });
  test('with a signature over another token it is refused', async () => {
    const { signature } = takeApart(GITLAB, signToken('gitlab', gitlabClaims({ job_id: '2' })));
    await assert.rejects(proved(token, { signature }));
  });
  test('with other characters than those that were hashed it is refused', async () => {
    const other = takeApart(
      GITLAB,
      signToken('gitlab', gitlabClaims({ user_login: 'x'.repeat(53) })),
    );
    await assert.rejects(
      proved(token, { characters: () => charactersOf(other.blocks) }),
      /not the text that was hashed/,
    );
  });
});

describe('tokens and keys that are refused before anything is proved', () => {
  const token = signToken('gitlab', gitlabClaims());
  const [header, payload, signature] = token.split('.') as [string, string, string];
  const KEYS = [jwk(key('issuer'))];
  const refusals: [string, string, RegExp][] = [
    ['two parts', `${header}.${payload}`, /three parts/],
    ['four parts', `${token}.x`, /three parts/],
    ['a line end', `${token}\n`, /three parts/],
    ['padding', `${header}.${payload}=.${signature}`, /three parts/],
    ['no signature', `${header}.${payload}.`, /three parts/],
    ['a shorter signature', `${header}.${payload}.${signature.slice(1)}`, /three parts/],
    [
      'a signature over another text',
      `${header}.${base64url('{"x":1}')}.${signature}`,
      /expected 3 to 48|got another/,
    ],
    [
      'too long',
      signToken('gitlab', gitlabClaims({ x: 'x'.repeat(1000) })),
      /blocks of 64 bytes, got/,
    ],
    ['a list', signText(`[${'1,'.repeat(40)}1]`, JSON.stringify(HEADERS.gitlab)), /a JSON object/],
    ['no JSON', signText('x'.repeat(90), JSON.stringify(HEADERS.gitlab)), /a JSON object/],
    [
      'alg none',
      signText(JSON.stringify(gitlabClaims()), JSON.stringify({ ...HEADERS.gitlab, alg: 'none' })),
      /header of/,
    ],
    [
      'alg HS256',
      signText(JSON.stringify(gitlabClaims()), JSON.stringify({ ...HEADERS.gitlab, alg: 'HS256' })),
      /header of one/,
    ],
    [
      'alg PS256',
      signText(JSON.stringify(gitlabClaims()), JSON.stringify({ ...HEADERS.gitlab, alg: 'PS256' })),
      /header of one/,
    ],
    [
      'another kid',
      signText(
        JSON.stringify(gitlabClaims()),
        JSON.stringify({ ...HEADERS.gitlab, kid: 'x'.repeat(43) }),
      ),
      /header of one/,
    ],
    [
      "a stranger's signature",
      signToken('gitlab', gitlabClaims(), key('stranger')),
      /the key's signature/,
    ],
  ];
  for (const [name, text, refusal] of refusals)
    test(name, () => {
      assert.throws(() => {
        takeApart(GITLAB, text);
        keyOf(GITLAB, KEYS, text);
      }, refusal);
    });
  test('the honest one is taken, in four steps', () => {
    assert.equal(keyOf(GITLAB, KEYS, token).kid, HEADERS.gitlab['kid']);
    assert.deepEqual(planOf(takeApart(GITLAB, token)), { first: 11, more: 2 });
  });
  for (const name of ['short', 'long', 'exponent3'] as const)
    test(`a key that is ${name}`, () => {
      assert.throws(() => readKey(jwk(key(name))), /2048 bits with the exponent 65537/);
    });

  test('each of a key hash and a root depends on modulus, header and issuer, and a root on no order', () => {
    const [one, two] = [jwk(key('issuer')), jwk(key('stranger'))] as [IssuerKey, IssuerKey];
    const hashes = [one, two, { ...one, kid: two.kid.replace(/./g, 'x') }].map(
      (each) => `${hashOfKey(GITLAB, each)}`,
    );
    assert.equal(new Set(hashes).size, 3);
    assert.deepEqual(rootOfKeys(GITLAB, [one, two]), rootOfKeys(GITLAB, [two, one]));
    assert.notDeepEqual(rootOfKeys(GITLAB, [one]), rootOfKeys(GITLAB, [one, two]));
    assert.throws(() => rootOfKeys(GITLAB, []), /expected 1 to 16/);
    assert.equal(headerOf(GITLAB, one), header);
  });
});
