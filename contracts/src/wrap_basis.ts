/**
 * Keeps between processes what o1js's own cache leaves out: the commitments to the Lagrange basis of a wrap circuit. The first
 * proof and the first verification of a process need them, and computing them takes 4 s of a processor for a contract, more
 * where proofs are proved in proofs. Reading them takes some milliseconds.
 *
 * o1js has no function for this, so it is done with what o1js 2.15 puts where its compiled part finds it. Where that is
 * missing nothing is kept, and everything still works.
 */
import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { Cache, initializeBindings } from 'o1js';

/** A point of the curve as the native part has it: each coordinate is 32 bytes. */
interface Point {
  x: Uint8Array;
  y: Uint8Array;
  infinity: boolean;
}

/** Commitments to polynomials that fit in the reference string have one point each. */
interface Commitment {
  unshifted: Point[];
}

/** The reference string of a curve; the commitments that were computed for it are kept beside it. */
type Srs = object;

interface Native {
  WasmFqPolyComm: new (unshifted: Point[], shifted: undefined) => Commitment;
  caml_fq_srs_get_lagrange_basis(srs: Srs, size: number): Commitment[];
  caml_fq_srs_set_lagrange_basis(srs: Srs, size: number, basis: Commitment[]): void;
}

interface Bindings {
  srs(native: Native): { fq: { create(size: number): Srs } };
}

/** Of wrap circuits, whatever they wrap. */
const SRS_SIZE = 1 << 15;
/** Circuits that verify no proof, one and two. */
const SIZES = [1 << 13, 1 << 14, 1 << 15];
const POINT = 64;
const DIGEST = 32;

/**
 * Takes what was kept for circuits of a size, or computes and keeps it.
 *
 * @param data of a verification key, as the network stores it; its second byte says how large the wrap circuit is
 */
export async function keepWrapBasis(data: string, cache: Cache): Promise<void> {
  const size = SIZES[Buffer.from(data.slice(0, 4), 'base64')[1]!];
  const found = await opened();
  if (size === undefined || found === undefined) return;
  const [native, srs] = found;
  if (!load(native, srs, cache, size) && cache.canWrite)
    write(cache, size, native.caml_fq_srs_get_lagrange_basis(srs, size));
}

/** For a process that only verifies: takes all that was kept. */
export async function loadWrapBases(cache: Cache): Promise<void> {
  const found = await opened();
  if (found !== undefined) for (const size of SIZES) load(...found, cache, size);
}

async function opened(): Promise<[Native, Srs] | undefined> {
  await initializeBindings();
  const bindings = (globalThis as { __snarkyTsBindings?: Bindings }).__snarkyTsBindings;
  try {
    const name = `@o1js/native-${process.platform}-${process.arch}`;
    const native = createRequire(import.meta.url)(name) as Native;
    return bindings && [native, bindings.srs(native).fq.create(SRS_SIZE)];
  } catch {
    return undefined;
  }
}

function load(native: Native, srs: Srs, cache: Cache, size: number): boolean {
  const bytes = read(cache, size);
  if (bytes === undefined) return false;
  const basis = Array.from({ length: size }, (_, index) => {
    const [x, y] = [index * POINT, index * POINT + POINT / 2];
    const point = { x: bytes.subarray(x, y), y: bytes.subarray(y, y + POINT / 2), infinity: false };
    return new native.WasmFqPolyComm([point], undefined);
  });
  native.caml_fq_srs_set_lagrange_basis(srs, size, basis);
  return true;
}

function header(size: number) {
  const name = `wrap-basis-${size}`;
  return {
    kind: 'lagrange-basis',
    persistentId: name,
    uniqueId: `${name}-1`,
    version: 1,
    dataType: 'bytes',
  } as const;
}

/** The points, where what was kept is whole: another process may be writing it. */
function read(cache: Cache, size: number): Buffer | undefined {
  const kept = cache.read(header(size));
  if (kept?.length !== DIGEST + size * POINT) return undefined;
  const bytes = Buffer.from(kept.buffer, kept.byteOffset + DIGEST, size * POINT);
  return sha256(bytes).equals(kept.subarray(0, DIGEST)) ? bytes : undefined;
}

function write(cache: Cache, size: number, basis: Commitment[]): void {
  const points = basis.map(({ unshifted: [point] }) => point!);
  const bytes = Buffer.concat(points.flatMap(({ x, y }) => [x, y]));
  cache.write(header(size), Buffer.concat([sha256(bytes), bytes]));
}

function sha256(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}
