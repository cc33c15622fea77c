// The files: each that a leaf names has its size and its SHA-256, and each shown line is what it says. Step 5.
import { hex, utf8 } from '../bytes.ts';
import { ARITHMETIC, NotShown, require, requireEqual, type Claims, type Folder } from './claims.ts';
import { sha256, type Leaf, type Opened } from './trees.ts';

export interface FileVerdict {
  place: string;
  leaf: Leaf;
  verdict: 'holds' | 'broken' | 'not shown';
  says: string;
}

// The CID of a file of one chunk is its SHA-256 in base32 behind these bytes: version 1, raw, SHA-256 of 32 bytes.
const RAW_CID = [1, 0x55, 0x12, 0x20];
const CHUNK = 1 << 20;
const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';
// How many broken files one claim names.
const MAX_NAMED = 5;

/**
 * One claim over all files, and a verdict for each. `left` names the files that the reader chose not to fetch;
 * any other file that the index shows must be here.
 */
export async function checkFiles(
  claims: Claims,
  folder: Folder,
  opened: Opened,
  left: ReadonlySet<string>,
): Promise<FileVerdict[]> {
  const verdicts: FileVerdict[] = [];
  for (const [place, leaf] of opened.leaves)
    if (!opened.texts.has(place) || folder.has(place)) {
      const wanted = opened.shown.has(place) && !left.has(place);
      verdicts.push({ place, leaf, ...(await verdictOf(folder, opened, place, leaf, wanted)) });
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
  await checkOthers(claims, folder, opened);
  if (opened.texts.size > 0) await checkLines(claims, opened);
  return verdicts;
}

async function verdictOf(
  folder: Folder,
  opened: Opened,
  place: string,
  leaf: Leaf,
  wanted: boolean,
): Promise<Pick<FileVerdict, 'verdict' | 'says'>> {
  const bytes = folder.get(place);
  if (!bytes && wanted) return { verdict: 'broken', says: `${place}: expected the file, got none` };
  if (!bytes) return { verdict: 'not shown', says: `${place} was not fetched` };
  try {
    // Step 5.1
    requireEqual(`${place}: size`, leaf.size, bytes.length);
    const digest = await sha256(bytes);
    requireEqual(`${place}: SHA-256`, leaf.sha256, hex(digest));
    const cid = opened.cids.get(place);
    if (cid && bytes.length <= CHUNK) requireEqual(`${place}: CID`, cid, rawCid(digest));
    return { verdict: 'holds', says: `${place}: each byte as signed` };
  } catch (error) {
    return { verdict: 'broken', says: (error as Error).message };
  }
}

/** In multibase's base32, lower case without padding. */
function rawCid(digest: Uint8Array): string {
  let bits = [...RAW_CID, ...digest].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  bits = bits.padEnd(Math.ceil(bits.length / 5) * 5, '0');
  return `b${(bits.match(/.{5}/g) ?? []).map((five) => BASE32[parseInt(five, 2)]).join('')}`;
}

/** Step 5.3: nothing beside the documents stands in the two trees that no leaf covers. */
async function checkOthers(claims: Claims, folder: Folder, opened: Opened): Promise<void> {
  const strange = [...folder.keys()].filter(
    (name) => /^(?:outputs|profile)\//.test(name) && !opened.leaves.has(name),
  );
  if (strange.length === 0) return;
  await claims.check('other files', ARITHMETIC, () => {
    const named = strange.slice(0, MAX_NAMED).join(', ');
    require(false, `expected only files that a leaf covers, got also ${named}`);
    return '';
  });
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
      if (cid) requireEqual(`${place}: CID of the line`, cid, rawCid(digest));
    }
    return opened.texts.size === 1
      ? '1 line of the log, as signed'
      : `${opened.texts.size} lines of the log, each as signed`;
  });
}
