// Call stacks as the page draws them: anybody's job writes them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { utf8, type Bytes } from '../../shared/src/bytes.ts';
import type { Evidence } from '../src/evidence.ts';
import { parseStacks, shownProfiles, type Frame } from '../src/profile.ts';

function shown(...stacks: Bytes[]) {
  const folder = new Map(
    stacks.map((each, at) => [`profile/job${at}/profile.public.folded`, each]),
  );
  const files = [...folder.keys()].map((place) => ({ place, verdict: 'holds' }));
  return shownProfiles({ folder, verification: { files } } as unknown as Evidence);
}

function framesOf({ below }: Frame): number {
  return [...below.values()].reduce((sum, frame) => sum + 1 + framesOf(frame), 0);
}

/** So many stacks, none of which shares a frame with another. */
function apart(stacks: number, depth: number): Bytes {
  const inner = ';a'.repeat(depth - 1);
  return utf8(Array.from({ length: stacks }, (_, at) => `${at}${inner} 1\n`).join(''));
}

test('each job has its own profile', () => {
  const profiles = shown(utf8('main 1\nmain;build 3\n'), utf8('main 4\nmain;test 3\n'));
  assert.deepEqual(
    profiles.map(({ job, profile }) => [job, profile.root.samples, framesOf(profile.root)]),
    [
      ['job0', 4, 2],
      ['job1', 7, 2],
    ],
  );
});

test('E6 the profiles of all jobs together take no more memory than a tab has', () => {
  const profiles = shown(...Array<Bytes>(4).fill(apart(5000, 40)));
  const frames = profiles.reduce((sum, { profile }) => sum + framesOf(profile.root), 0);
  assert.ok(frames > 0 && frames <= 500_000, `drawn are ${frames} frames`);
});

test('a job of more frames than are drawn hides no other job', () => {
  const profiles = shown(apart(10_000, 60), utf8('main 1\n'));
  assert.deepEqual(
    profiles.map(({ job }) => job),
    ['job1'],
  );
});

test('E6 of stacks that share nothing none is drawn past the bound', () => {
  assert.ok(parseStacks(apart(10_000, 60)) === undefined);
});

test('E6 more stacks than a collector takes are not read', () => {
  assert.ok(parseStacks(utf8('main 1\n'.repeat(20_001))) === undefined);
  assert.equal(parseStacks(utf8('main 1\n'.repeat(20_000)))?.root.samples, 20_000);
});
