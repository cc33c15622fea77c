/**
 * A file that a run left, for contracts that decide by it: `sealrun disclose` makes the witness.
 *
 * A receipt's outputs hash stands for all files of a run. Whoever has the receipt's evidence can show one of them and
 * nothing of the others. In and out of circuits.
 */
import { createHash } from 'node:crypto';
import { Field, Provable, Struct } from 'o1js';
import { H, digestFields } from './fields.js';
import { climb } from './merkle_path.js';
import type { FileDigest } from './mirror.js';

/** Levels of the tree of outputs: room for 4,096 files. */
export const OUTPUTS_DEPTH = 12;
/** The kind of leaf that outputs have; logs and samples are of others. */
const OUTPUT = 1;

/**
 * The hash of a file's label, `JOB/PATH`, which is a constant of most contracts. Outside of circuits.
 *
 * Not checked: that a run can leave a file of this label.
 */
export function labelHash(label: string): Field {
  return H('sealrun:label', digestFields(createHash('sha256').update(label).digest()));
}

/** Where a file stands among a run's outputs. */
export class OutputPath extends Struct({
  /** The SHA-256's high and low 128 bits. */
  high: Field,
  low: Field,
  salt: Field,
  index: Field,
  /** How many files the run left. */
  count: Field,
  /** From the leaf up. */
  siblings: Provable.Array(Field, OUTPUTS_DEPTH),
}) {
  /** The outputs hash of a run that has a file of this label here. */
  outputsHash(label: Field): Field {
    const { high, low, salt, index, count, siblings } = this;
    const leaf = H('sealrun:leaf', [index, Field(OUTPUT), label, high, low, salt]);
    return H('sealrun:outputs', [climb(leaf, index, siblings), count]);
  }
}

/**
 * The digest of the file with this label, proved under a receipt's `outputsHash`.
 *
 * Who signed the receipt is for the caller to check (`SignedReceipt.requireGood`).
 */
export function outputDigest(outputsHash: Field, label: Field, path: OutputPath): FileDigest {
  path
    .outputsHash(label)
    .assertEquals(outputsHash, 'output: expected it to lead to the outputs hash');
  return { high: path.high, low: path.low };
}

/** What `sealrun disclose` writes, as far as it is read here. */
export interface DisclosureDocument {
  tree: string;
  count: number;
  opening: { index: number; kind: string; label: string; sha256: string; salt: string };
  /** Decimal text. */
  siblings: string[];
}

/**
 * The witness out of what `sealrun disclose` wrote of an output.
 *
 * Nothing of it is believed: what does not lead to the outputs hash fails there. Throws where it is of another form.
 */
export function readOutput({ tree, count, opening, siblings }: DisclosureDocument): OutputPath {
  if (tree !== 'outputs') throw new RangeError(`disclosure: expected one of outputs, got ${tree}`);
  if (siblings.length !== OUTPUTS_DEPTH)
    throw new RangeError(`disclosure: expected ${OUTPUTS_DEPTH} siblings, got ${siblings.length}`);
  const [high, low] = digestFields(Buffer.from(opening.sha256, 'hex'));
  return new OutputPath({
    high,
    low,
    salt: Field(BigInt(`0x${opening.salt}`)),
    index: Field(opening.index),
    count: Field(count),
    siblings: siblings.map((each) => Field(each)),
  });
}
