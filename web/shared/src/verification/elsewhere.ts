// What `sealrun verify` checks of a folder and the page does not: said, claim by claim, so that nobody takes silence for a check.
import { NotShown, type Claims, type Folder } from './claims.ts';
import type { Opened } from './trees.ts';

const ONLY = 'not checked in a browser; `sealrun verify` checks it';
// What a job leaves of a call that it made.
const CHILD = /^outputs\/(?:[^/]+\/)+sealrun-children\/[0-9a-f]{64}\/receipt\.json$/;
const RESTS_ON = 'nobody';
// Items that were made of other items, by their kinds.
const DERIVED = ['line', 'stacks', 'probe'];

/** Steps 4.5, 6, 8, 9 to 11, where the folder has something that they are about. */
export async function sayElsewhere(claims: Claims, folder: Folder, opened: Opened): Promise<void> {
  const kinds = [...opened.leaves.values()].map(({ kind }) => kind);
  const below = (first: string) =>
    [...folder.keys()].filter((name) => name.startsWith(`${first}/`)).length;
  const found: [string, number, string][] = [
    [
      'derived',
      kinds.filter((kind) => DERIVED.includes(kind)).length,
      'lines, public stacks and probes: that log and profile have them',
    ],
    [
      'statements',
      folder.has('receipt.intoto.jsonl') ? 1 : 0,
      'in-toto statements: that they say the same',
    ],
    [
      'token',
      kinds.filter((kind) => kind === 'claims').length,
      'CI tokens: that the CI signed them',
    ],
    ['disclosure', below('disclosures'), 'files under disclosures/: that each opens a leaf'],
    ['lineage', below('reads'), 'files under reads/: that they are what this call read'],
    [
      'child',
      [...folder.keys()].filter((name) => CHILD.test(name)).length,
      'receipts of calls that the run made: that they are whose they say',
    ],
    ['rerun', below('reruns'), 'files under reruns/: that another oracle got the same'],
  ];
  for (const [name, count, what] of found)
    if (count > 0)
      await claims.check(name, RESTS_ON, () => {
        throw new NotShown(`${count} ${what} is ${ONLY}`);
      });
}
