/**
 * A file at a commit of a git repository, for contracts that decide by it: `sealrun source path` makes the witness.
 *
 * A mirror is the commit's files as one field: each directory is a Merkle tree, whose root is a leaf of the directory
 * above. The root is all that a contract has to trust: whoever has the repository computes it again with `sealrun
 * source root`. In and out of circuits.
 */
import { Field, Provable, Struct } from 'o1js';
import { H } from './fields.js';
import { climb } from './merkle_path.js';

/** Levels of each directory's tree: room for 16,384 entries. */
export const MIRROR_DEPTH = 14;

/** What an entry of a directory is. */
export const Kind = { file: 1, executable: 2, link: 3, directory: 4, commit: 5 } as const;

const NAME_FIELDS = 9;
const MAX_NAME_BYTES = 255;

/**
 * The hash of one component of a path, which is a constant of most contracts. Outside of circuits.
 *
 * Throws RangeError where it is empty, longer than 255 bytes, or holds `/` or a zero byte.
 */
export function nameHash(name: string | Uint8Array): Field {
  const bytes = typeof name === 'string' ? new TextEncoder().encode(name) : name;
  const good = bytes.length >= 1 && bytes.length <= MAX_NAME_BYTES;
  if (!good || bytes.includes(0) || bytes.includes('/'.charCodeAt(0)))
    throw new RangeError(`name: expected 1 to ${MAX_NAME_BYTES} bytes without / and zero`);
  const parts = Array.from({ length: NAME_FIELDS }, (_, i) =>
    Field(
      bytes.slice(31 * i, 31 * i + 31).reduceRight((sum, byte) => sum * 256n + BigInt(byte), 0n),
    ),
  );
  return H('sealrun:name', parts);
}

/** The hashes of a path's components, `/` between them. */
export function pathNames(path: string): Field[] {
  return path.split('/').map(nameHash);
}

/** One component of a path: its entry, and where that stands in its directory. */
export class MirrorStep extends Struct({
  kind: Field,
  /** Of a file: its SHA-256's high 128 bits. Of a directory: its root. */
  high: Field,
  /** Of a file: its SHA-256's low 128 bits. Of a directory: 0. */
  low: Field,
  index: Field,
  /** From the leaf up. */
  siblings: Provable.Array(Field, MIRROR_DEPTH),
}) {
  /** Root of the directory that has an entry of this name here. */
  directory(name: Field): Field {
    const leaf = H('sealrun:entry', [name, this.kind, this.high, this.low]);
    return climb(leaf, this.index, this.siblings);
  }
}

/** A file's SHA-256 as two fields, high and low 128 bits. */
export interface FileDigest {
  high: Field;
  low: Field;
}

/**
 * The digest of the file at this path, proved under this root. A symbolic link, a directory or a submodule is no file.
 *
 * Who vouches for the root is for the caller to know. There are as many steps as names.
 */
export function fileDigest(root: Field, names: Field[], steps: MirrorStep[]): FileDigest {
  const last = steps.at(-1);
  if (last === undefined || names.length !== steps.length)
    throw new RangeError(`path: expected ${names.length} steps, got ${steps.length}`);
  let below: Field | undefined;
  for (let at = steps.length - 1; at >= 0; at--) {
    const step = steps[at]!;
    if (below !== undefined) {
      step.kind.assertEquals(Kind.directory, 'path: expected a directory');
      step.high.assertEquals(below, 'path: expected the directory of the next step');
      step.low.assertEquals(0, 'path: expected the directory of the next step');
    }
    below = step.directory(names[at]!);
  }
  below!.assertEquals(root, 'path: expected it to lead to the root');
  const { kind, high, low } = last;
  kind.sub(Kind.file).mul(kind.sub(Kind.executable)).assertEquals(0, 'path: expected a file');
  return { high, low };
}

/** What `sealrun source path` writes; numbers are decimal text. */
export interface PathDocument {
  path: string;
  steps: {
    kind: number;
    high: string;
    low: string;
    index: number;
    siblings: string[];
  }[];
}

/**
 * The steps out of what `sealrun source path` wrote, as `fileDigest` takes them.
 *
 * Nothing of it is believed: what does not lead to the root fails there. Throws where it is of another form.
 */
export function readSteps({ steps }: PathDocument): MirrorStep[] {
  return steps.map(({ kind, high, low, index, siblings }) => {
    if (siblings.length !== MIRROR_DEPTH)
      throw new RangeError(`step: expected ${MIRROR_DEPTH} siblings, got ${siblings.length}`);
    return new MirrorStep({
      kind: Field(kind),
      high: Field(high),
      low: Field(low),
      index: Field(index),
      siblings: siblings.map((each) => Field(each)),
    });
  });
}
