// The files: each that a leaf names has its size and its SHA-256, and each shown line is what it says. Step 5.
import { hex, utf8 } from '../bytes.ts';
import { fileCid } from './cids.ts';
import { ARITHMETIC, NotShown, require, requireEqual, type Claims, type Folder } from './claims.ts';
import { sha256, type Leaf, type Opened } from './trees.ts';

export interface FileVerdict {
  place: string;
  leaf: Leaf;
  verdict: 'holds' | 'broken' | 'not shown';
  says: string;
}

// How many broken files one claim names.
const MAX_NAMED = 5;

// The documents of an evidence folder; beside them lie the two trees, disclosures and evidence of other calls.
const DOCUMENTS = [
  'receipt.json',
  'receipt.intoto.jsonl',
  'offer.json',
  'call.json',
  'inputs.json',
  'index.json',
  'openings.json',
];

/**
 * One claim over all files, and a verdict for each. `left` are the files that the reader chose not to fetch, with the
 * sizes for which it did not; any other file that the index shows must be here.
 */
export async function checkFiles(
  claims: Claims,
  folder: Folder,
  opened: Opened,
  left: ReadonlyMap<string, number>,
): Promise<FileVerdict[]> {
  const verdicts: FileVerdict[] = [];
  for (const [place, leaf] of opened.leaves)
    if (!opened.texts.has(place) || folder.has(place)) {
      verdicts.push({ place, leaf, ...(await verdictOf(folder, opened, place, leaf, left)) });
    }
  const broken = verdicts.filter(({ verdict }) => verdict === 'broken');
  const here = verdicts.filter(({ verdict }) => verdict === 'holds');
  await claims.check('files', ARITHMETIC, () => {
    const named = broken.slice(0, MAX_NAMED).map(({ says }) => says);
    require(broken.length ===
      0, `${broken.length} of ${verdicts.length} files differ from what was signed. ${named.join('; ')}`);
    if (here.length < verdicts.length)
      throw new NotShown(
        `${here.length} of ${verdicts.length} files are here, each byte as signed; the others were not fetched`,
      );
    return here.length === 1
      ? '1 file, each byte as signed'
      : `${here.length} files, each byte as signed`;
  });
  await checkOthers(claims, [...folder.keys(), ...left.keys()], opened);
  if (opened.texts.size > 0) await checkLines(claims, opened);
  return verdicts;
}

async function verdictOf(
  folder: Folder,
  opened: Opened,
  place: string,
  leaf: Leaf,
  left: ReadonlyMap<string, number>,
): Promise<Pick<FileVerdict, 'verdict' | 'says'>> {
  const bytes = folder.get(place);
  const told = left.get(place);
  if (!bytes && told === undefined && opened.shown.has(place))
    return { verdict: 'broken', says: `${place}: expected the file, got none` };
  try {
    // A wrong size is no reason to leave a file out.
    if (!bytes && told !== undefined) requireEqual(`${place}: size`, leaf.size, told);
    if (!bytes) return { verdict: 'not shown', says: `${place} was not fetched` };
    // Step 5.1
    requireEqual(`${place}: size`, leaf.size, bytes.length);
    const digest = await sha256(bytes);
    requireEqual(`${place}: SHA-256`, leaf.sha256, hex(digest));
    const cid = opened.cids.get(place);
    if (cid) requireEqual(`${place}: CID`, cid, await fileCid(bytes));
    return { verdict: 'holds', says: `${place}: each byte as signed` };
  } catch (error) {
    return { verdict: 'broken', says: (error as Error).message };
  }
}

/** Step 5.3: each file is a document, or of a leaf, a disclosure, or evidence of another call. */
async function checkOthers(claims: Claims, names: string[], opened: Opened): Promise<void> {
  const known = new Set([...DOCUMENTS, ...opened.leaves.keys()]);
  const calls = new Set(
    names.filter((name) => /^(?:reads|reruns)\/[^/]*\/receipt\.json$/.test(name)),
  );
  const strange = names.filter((name) => !known.has(name) && !isReadElsewhere(name, calls));
  if (strange.length === 0) return;
  await claims.check('other files', ARITHMETIC, () => {
    const named = strange.slice(0, MAX_NAMED).join(', ');
    require(false, `expected only files that a leaf covers, got also ${named}`);
    return '';
  });
}

/** What `sealrun verify` checks by claims of their own. */
function isReadElsewhere(name: string, calls: ReadonlySet<string>): boolean {
  const [first = '', call = '', ...below] = name.split('/');
  if (first === 'disclosures') return name.includes('/');
  if (!calls.has(`${first}/${call}/receipt.json`)) return false;
  const trees = ['outputs', 'profile', 'disclosures', ...(first === 'reruns' ? ['reads'] : [])];
  return (
    DOCUMENTS.includes(below.join('/')) || (below.length > 1 && trees.includes(below[0] as string))
  );
}

async function checkLines(claims: Claims, opened: Opened): Promise<void> {
  await claims.check('lines', ARITHMETIC, async () => {
    for (const [place, text] of opened.texts) {
      // Step 5.2
      const [leaf, bytes] = [opened.leaves.get(place) as Leaf, utf8(text)];
      requireEqual(`${place}: size of the line`, leaf.size, bytes.length);
      const digest = await sha256(bytes);
      requireEqual(`${place}: SHA-256 of the line`, leaf.sha256, hex(digest));
      const cid = opened.cids.get(place);
      if (cid) requireEqual(`${place}: CID of the line`, cid, await fileCid(bytes));
    }
    return opened.texts.size === 1
      ? '1 line of the log, as signed'
      : `${opened.texts.size} lines of the log, each as signed`;
  });
}
