// The verdict on one claim of a receipt. Steps are numbered as in docs/verification.md.

export type Verdict = 'holds' | 'broken' | 'not shown';

export interface Claim {
  /** A stable word, the same as that of `sealrun verify`. */
  name: string;
  verdict: Verdict;
  /** What holds, or what was expected and what came. */
  says: string;
  /** Whose word or which arithmetic it is. */
  restsOn: string;
}

export const ARITHMETIC = 'arithmetic';
export const SIGNATURE = "the oracle's Mina key";
export const OPERATOR = "the operator's word";

/** A claim does not hold. */
export class Broken extends Error {}

/** What it would take to check a claim was not handed out. */
export class NotShown extends Error {}

export function require(ok: boolean, message: string): void {
  if (!ok) throw new Broken(message);
}

export function requireEqual(what: string, expected: unknown, got: unknown): void {
  if (expected !== got)
    throw new Broken(`${what}: expected ${String(expected)}, got ${String(got)}`);
}

/** Claims in the order in which they were checked. */
export class Claims {
  readonly all: Claim[] = [];

  /** Run one check; it returns what holds in words, and throws where it does not. */
  async check(
    name: string,
    restsOn: string,
    step: () => string | Promise<string>,
  ): Promise<boolean> {
    try {
      this.all.push({ name, verdict: 'holds', says: await step(), restsOn });
      return true;
    } catch (error) {
      const verdict = error instanceof NotShown ? 'not shown' : 'broken';
      this.all.push({ name, verdict, says: (error as Error).message, restsOn });
      return false;
    }
  }
}

/** The files of one call's evidence, by their names in an evidence folder. */
export type Folder = ReadonlyMap<string, Uint8Array<ArrayBuffer>>;
