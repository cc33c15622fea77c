import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { Field, Provable } from 'o1js';
import {
  Kind,
  MIRROR_DEPTH,
  MirrorStep,
  type PathDocument,
  fileDigest,
  nameHash,
  pathNames,
  readSteps,
} from '../mirror.js';

interface Vector extends PathDocument {
  root: string;
  high: string;
  low: string;
}
const FILE = new URL('../../../tests/vectors/mirror.json', import.meta.url);
const vectors = JSON.parse(readFileSync(FILE, 'utf8')) as {
  names: { name: string; hash: string }[];
  paths: Vector[];
  no_files: Vector[];
};
const [deep] = vectors.paths as [Vector];

/** What a circuit says of these steps; throws where a constraint does not hold. */
async function read(root: Field, names: Field[], steps: MirrorStep[]): Promise<string[]> {
  const found: string[] = [];
  await Provable.runAndCheck(() => {
    const given = Provable.witness(Provable.Array(MirrorStep, steps.length), () => steps);
    const { high, low } = fileDigest(
      Provable.witness(Field, () => root),
      names,
      given.map((step) => new MirrorStep(step)),
    );
    Provable.asProver(() => found.push(`${high}`, `${low}`));
  });
  return found;
}

describe('a file at a commit', () => {
  test('names hash as in Python, and what is no name is refused', () => {
    for (const { name, hash } of vectors.names) assert.equal(`${nameHash(name)}`, hash);
    for (const name of ['', 'a/b', 'a\0', 'x'.repeat(256)])
      assert.throws(() => nameHash(name), RangeError);
  });

  test('each path that Python made leads to its root, and gives its digest', async () => {
    for (const vector of vectors.paths)
      assert.deepEqual(await read(Field(vector.root), pathNames(vector.path), readSteps(vector)), [
        vector.high,
        vector.low,
      ]);
  });

  test('a link, a submodule and a directory are no files', async () => {
    for (const vector of vectors.no_files)
      await assert.rejects(
        read(Field(vector.root), pathNames(vector.path), readSteps(vector)),
        /expected a file/,
      );
  });

  const other = Field(7);
  const attacks: [string, (steps: MirrorStep[], names: Field[]) => void][] = [
    ['another digest, high', ([, file]) => (file!.high = other)],
    ['another digest, low', ([, file]) => (file!.low = other)],
    ['another kind', ([, file]) => (file!.kind = Field(Kind.executable))],
    ['another place', ([, file]) => (file!.index = Field(1))],
    ['a place beyond the tree', ([, file]) => (file!.index = Field(2 ** MIRROR_DEPTH))],
    ['another sibling', ([, file]) => (file!.siblings[3] = other)],
    ['a directory of another root', ([directory]) => (directory!.high = other)],
    ['a directory with a low half', ([directory]) => (directory!.low = Field(1))],
    ['a file in place of the directory', ([directory]) => (directory!.kind = Field(Kind.file))],
    ['another name', (_, names) => (names[1] = nameHash('run.sh'))],
    ['names in another order', (_, names) => names.reverse()],
    ['steps in another order', (steps) => steps.reverse()],
  ];
  for (const [what, change] of attacks)
    test(`${what} does not lead to the root`, async () => {
      const [steps, names] = [readSteps(deep), pathNames(deep.path)];
      change(steps, names);
      await assert.rejects(read(Field(deep.root), names, steps));
    });

  test('an inner node of a tree is no entry, and a path no shorter one', async () => {
    const [, file] = readSteps(deep);
    await assert.rejects(read(Field(deep.root), pathNames('index.md'), [file!]));
    assert.throws(() => fileDigest(Field(0), pathNames('a/b'), [file!]), /expected 2 steps, got 1/);
    assert.throws(() => fileDigest(Field(0), [], []), RangeError);
    assert.throws(
      () => readSteps({ path: 'a', steps: [{ ...deep.steps[0]!, siblings: [] }] }),
      /expected 14 siblings, got 0/,
    );
  });

  test('each component costs the same rows', async () => {
    const rows = async (components: number) =>
      (
        await Provable.constraintSystem(() => {
          const steps = Provable.witness(Provable.Array(MirrorStep, components), () => {
            throw new Error('no witness');
          });
          const names = Array.from({ length: components }, () => nameHash('a'));
          fileDigest(
            Provable.witness(Field, () => Field(0)),
            names,
            steps.map((step) => new MirrorStep(step)),
          );
        })
      ).rows;
    const [one, two, four] = [await rows(1), await rows(2), await rows(4)];
    console.log(`rows of a path: 1 component ${one}, 2 ${two}, 4 ${four}`);
    assert.ok(four < 1200);
    assert.ok(two - one < 300);
  });
});
