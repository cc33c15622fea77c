// The checks of one call's receipt that a browser makes, in the order of docs/verification.md: steps 1 to 5 and 7.
//
// Not made here, and said so by claims that are not shown: disclosures (4.5), parts that were made of other items (6),
// in-toto statements (8), CI tokens and with them grade 1 (9), earlier receipts and repeated runs (10, 11).
// `sealrun verify` makes them all.
import type { Bytes } from '../bytes.ts';
import { isObject, type JsonObject } from '../json.ts';
import {
  ARITHMETIC,
  Claims,
  NotShown,
  OPERATOR,
  require,
  type Claim,
  type Folder,
} from './claims.ts';
import { checkDocuments, type Expected } from './documents.ts';
import { sayElsewhere } from './elsewhere.ts';
import { checkFiles, type FileVerdict } from './files.ts';
import { checkReceipt, parseReceipt, type Receipt } from './receipt.ts';
import { checkRun, RUN, type Job } from './run.ts';
import { checkTrees, type Opened } from './trees.ts';

// A single receipt says no more of itself.
const HIGHEST_OF_ONE = 1;

export interface Verification {
  claims: Claim[];
  /** Undefined where the document is no receipt. */
  receipt: Receipt | undefined;
  opened: Opened | undefined;
  files: FileVerdict[];
  jobs: Job[];
  /** True if nothing that is claimed is broken. */
  holds: boolean;
}

/** Check a receipt and all of its evidence that is in the folder; `left` are files that were not fetched, by their sizes. */
export async function verify(
  document: Bytes,
  folder: Folder,
  expected: Expected,
  left: ReadonlyMap<string, number> = new Map(),
): Promise<Verification> {
  const claims = new Claims();
  let receipt: Receipt;
  try {
    receipt = parseReceipt(document);
  } catch (error) {
    await claims.check('form', ARITHMETIC, () => {
      throw error;
    });
    return result(claims, undefined, undefined, [], []);
  }
  await checkReceipt(claims, document, receipt, expected.oracle);
  const offer = await checkDocuments(claims, receipt, folder, expected);
  const opened = await checkTrees(claims, receipt, folder, policyOf(offer));
  const files = await checkFiles(claims, folder, opened, left);
  const covered = files.some(({ place, verdict }) => place === RUN && verdict === 'holds');
  const jobs = await checkRun(claims, receipt, offer, covered ? folder.get(RUN) : undefined);
  await checkGrade(claims, receipt, opened, offer !== undefined && folder.has('index.json'));
  await sayElsewhere(claims, folder, opened);
  return result(claims, receipt, opened, files, jobs);
}

/** Step 9.4, as far as it goes without the keys of a CI's issuer: grade 1 is never shown here, but may be refuted. */
async function checkGrade(
  claims: Claims,
  receipt: Receipt,
  opened: Opened,
  here: boolean,
): Promise<void> {
  await claims.check('grade', OPERATOR, () => {
    if (receipt.grade === 0)
      return "the operator's word: it proves what the oracle's key said, not what ran";
    require(receipt.grade <=
      HIGHEST_OF_ONE, `grade: expected at most ${HIGHEST_OF_ONE} from a single receipt, got ${receipt.grade}`);
    // The index always shows them; without it, or the offer, nobody can tell.
    const tokens = [...opened.shown].filter((place) => opened.leaves.get(place)?.kind === 'claims');
    require(tokens.length > 0 ||
      !here, `grade: expected evidence for grade ${receipt.grade}, got none: no CI token is in the evidence`);
    throw new NotShown(
      `the receipt says ${receipt.grade}; that rests on keys of the CI which this page does not have`,
    );
  });
}

function policyOf(offer: JsonObject | undefined): JsonObject | undefined {
  const policy = offer?.['evidence'];
  return isObject(policy) ? policy : undefined;
}

function result(
  claims: Claims,
  receipt: Receipt | undefined,
  opened: Opened | undefined,
  files: FileVerdict[],
  jobs: Job[],
): Verification {
  const holds = receipt !== undefined && claims.all.every(({ verdict }) => verdict !== 'broken');
  return { claims: claims.all, receipt, opened, files, jobs, holds };
}
