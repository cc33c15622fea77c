/** A lookup table whose wrong lookups are also found where only witnesses are computed. */
import { Field, Provable, RuntimeTable } from 'o1js';

/**
 * o1js's runtime table. Its ids 0 and 1 are the system's own; every table here has another.
 *
 * A proof rests on the lookup gates alone. But `Provable.runAndCheck`, by which most attacks are tried, does not look at
 * them, so each lookup is asserted once more while witnesses are computed (`token.heavy.ts` tries the gates themselves).
 */
export class Table {
  private readonly gates: RuntimeTable;
  private readonly content = new Map<bigint, bigint>();

  constructor(
    private readonly name: string,
    id: number,
    indices: bigint[],
  ) {
    this.gates = new RuntimeTable(id, indices);
  }

  /** A table of constants. */
  static of(name: string, id: number, entries: Map<number, number>): Table {
    const table = new Table(name, id, [...entries.keys()].map(BigInt));
    table.fill([...entries].map(([index, value]) => [BigInt(index), Field(value)]));
    return table;
  }

  /** Sets each index once. A later pair for the same index could only repeat its value. */
  fill(pairs: [bigint, Field][]): void {
    this.gates.insert(pairs);
    Provable.asProver(() => {
      for (const [index, value] of pairs) this.content.set(index, value.toBigInt());
    });
  }

  /** The value at the index, which a lookup gate then holds to be there. */
  at(index: Field): Field {
    const value = Provable.witness(Field, () => {
      const found = this.content.get(index.toBigInt());
      if (found === undefined) throw new Error(`${this.name}: nothing stands at ${index}`);
      return Field(found);
    });
    this.contains(index, value);
    return value;
  }

  /** Holds the pair to be in the table. */
  contains(index: Field, value: Field): void {
    this.gates.lookup(index, value);
    Provable.asProver(() => {
      if (this.content.get(index.toBigInt()) !== value.toBigInt())
        throw new Error(`${this.name}: expected another value than ${value} at ${index}`);
    });
  }

  /** Emits the lookups that are still waiting for a full gate. Without it up to two would not be proved. */
  close(): void {
    this.gates.check();
  }
}
