/** A file among a receipt's outputs, its CID, and an oracle's word for a commit's mirror, as Python made them. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { before, describe, test } from 'node:test';
import { Field, PrivateKey, Provable, PublicKey, initializeBindings } from 'o1js';
import '../backend.js';
import { rawCid, rawDigest } from '../cid.js';
import { textField } from '../fields.js';
import {
  type DisclosureDocument,
  OutputPath,
  labelHash,
  outputDigest,
  readOutput,
} from '../outputs.js';
import { SignedSource, type SourceDocument, repositoryHash } from '../source.js';

const FILE = new URL('../../../tests/vectors/disclosed.json', import.meta.url);
const vectors = JSON.parse(readFileSync(FILE, 'utf8')) as {
  outputs_hash: string;
  disclosures: DisclosureDocument[];
  cids: string[];
  log: { outputs_hash: string; disclosure: DisclosureDocument };
  statement: SourceDocument;
};
const [first, second] = vectors.disclosures as [DisclosureDocument, DisclosureDocument];
const HASH = Field(vectors.outputs_hash);

before(async () => await initializeBindings());

/** The SHA-256 that a circuit reads; throws where a constraint does not hold. */
async function read(hash: Field, label: string, path: OutputPath): Promise<string> {
  let found = '';
  await Provable.runAndCheck(() => {
    const given = Provable.witness(OutputPath, () => path);
    const { high, low } = outputDigest(
      Provable.witness(Field, () => hash),
      labelHash(label),
      new OutputPath(given),
    );
    Provable.asProver(() => (found = hex(high) + hex(low)));
  });
  return found;
}

const hex = (half: Field): string => half.toBigInt().toString(16).padStart(32, '0');
const changed = (path: OutputPath, changes: Partial<OutputPath>): OutputPath =>
  new OutputPath({ ...path, ...changes });

describe("a file of a run's outputs", () => {
  for (const document of vectors.disclosures)
    test(`${document.opening.label}: has the digest that was disclosed`, async () => {
      const { label, sha256 } = document.opening;
      assert.equal(await read(HASH, label, readOutput(document)), sha256);
    });

  const wrong = /output: expected it to lead to the outputs hash/;
  const path = readOutput(first);
  const attacks: [string, Field, string, OutputPath][] = [
    ['another label', HASH, second.opening.label, path],
    ['another digest', HASH, first.opening.label, changed(path, { low: path.low.add(1) })],
    ['another salt', HASH, first.opening.label, changed(path, { salt: Field(0) })],
    ['another place', HASH, first.opening.label, changed(path, { index: Field(1) })],
    ['another count', HASH, first.opening.label, changed(path, { count: Field(4) })],
    ['another run', Field(7), first.opening.label, path],
    [
      'a log in the place of an output',
      Field(vectors.log.outputs_hash),
      first.opening.label,
      readOutput(vectors.log.disclosure),
    ],
  ];
  for (const [name, hash, label, given] of attacks)
    test(`${name} is refused`, async () => {
      await assert.rejects(read(hash, label, given), wrong);
    });

  test('a place beyond the tree is refused', async () => {
    await assert.rejects(
      read(HASH, first.opening.label, changed(path, { index: Field(4096) })),
      /12 bits|fit/,
    );
  });

  test('an item of the profile is no output', () => {
    assert.throws(() => readOutput({ ...first, tree: 'profile' }), /expected one of outputs/);
    assert.throws(() => readOutput({ ...first, siblings: [] }), /expected 12 siblings/);
  });
});

describe('the CID of one raw block', () => {
  test('is what IPFS computes for a small file', () => {
    for (const [i, { opening }] of vectors.disclosures.entries()) {
      const { high, low } = readOutput(vectors.disclosures[i]!);
      assert.equal(rawCid({ high, low }), vectors.cids[i]);
      const found = rawDigest(vectors.cids[i]!);
      assert.equal(hex(found.high) + hex(found.low), opening.sha256);
    }
  });

  test('of a folder, of another version, or with other bits at its end is refused', () => {
    const cid = vectors.cids[0]!;
    for (const other of [
      'bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi',
      'QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG',
      cid.slice(0, -1) + 'z',
      cid.toUpperCase(),
      `${cid}a`,
      '',
    ])
      assert.throws(() => rawDigest(other), /cid: expected that of a raw block/);
  });
});

describe("an oracle's word for a mirror", () => {
  const { statement } = vectors;
  const oracle = PublicKey.fromBase58(statement.publicKey);
  const [network, repository] = [
    textField(statement.data.network),
    repositoryHash(statement.data.repository),
  ];

  async function root(given: SignedSource, ...by: [PublicKey, Field, Field]): Promise<bigint> {
    let found = 0n;
    await Provable.runAndCheck(() => {
      const witness = Provable.witness(SignedSource, () => given);
      const { root } = new SignedSource(witness).requireSigned(...by);
      Provable.asProver(() => (found = root.toBigInt()));
    });
    return found;
  }

  test('that Python signed holds', async () => {
    const given = SignedSource.read(statement);
    assert.equal(await root(given, oracle, network, repository), BigInt(statement.data.root));
  });

  const stranger = PrivateKey.random().toPublicKey();
  const attacks: Record<
    string,
    [Partial<SourceDocument['data']>, PublicKey, Field, Field, RegExp]
  > = {
    'of another root': [{ root: '7' }, oracle, network, repository, /not signed by this oracle/],
    'of another commit': [
      { commit: 'ab'.repeat(20) },
      oracle,
      network,
      repository,
      /not signed by this oracle/,
    ],
    'of another time': [{ at: 1 }, oracle, network, repository, /not signed by this oracle/],
    'of a stranger': [{}, stranger, network, repository, /not signed by this oracle/],
    'for another network': [
      {},
      oracle,
      textField('mina:mainnet'),
      repository,
      /of another network/,
    ],
    'about another repository': [{}, oracle, network, Field(7), /of another repository/],
  };
  for (const [name, [change, ...by]] of Object.entries(attacks))
    test(`${name} is refused`, async () => {
      const [key, on, about, refusal] = by;
      const given = SignedSource.read({ ...statement, data: { ...statement.data, ...change } });
      await assert.rejects(root(given, key, on, about), refusal);
    });

  test('names a commit of SHA-1', () => {
    const data = { ...statement.data, commit: 'x' };
    assert.throws(() => SignedSource.read({ ...statement, data }), /expected 40 hex digits/);
  });
});
