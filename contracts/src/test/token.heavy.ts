/** What takes a quarter of an hour and 6 GB: programs and account compiled anew, and what a real prover makes of a wrong lookup. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Cache, Field, type RuntimeTable, ZkProgram, verify } from 'o1js';
import '../backend.js';
import { PROGRAMS } from '../token/pins.js';
import { Number2048 } from '../token/rsa.js';
import { Table } from '../token/table.js';
import { compileKey, pinnedKeys } from '../verification_keys.js';

const KEYS = fileURLToPath(new URL('../token_keys.js', import.meta.url));

describe('the verification keys', () => {
  for (const name of Object.keys(PROGRAMS))
    test(`${name}: the pinned one is that of the source`, () => {
      const answer = execFileSync(process.execPath, [KEYS, name, '--compare'], {
        encoding: 'utf8',
      });
      assert.deepEqual(JSON.parse(answer.trim().split('\n').at(-1)!), { same: true });
    });

  test('A1: the pinned one of ProvedAccount is that of the source', async () => {
    assert.deepEqual(await compileKey('ProvedAccount'), pinnedKeys().ProvedAccount);
  });
});

describe('a lookup', () => {
  /** The gate alone, without the assertion that finds a wrong pair before a proof is made. */
  const gateOf = (table: Table): RuntimeTable =>
    (table as unknown as { gates: RuntimeTable }).gates;
  const Reader = ZkProgram({
    name: 'lookup',
    publicInput: Field,
    methods: {
      at: {
        privateInputs: [Field],
        async method(value: Field, index: Field) {
          const table = Table.of(
            'test',
            7,
            new Map([
              [0, 10],
              [1, 11],
              [2, 12],
            ]),
          );
          gateOf(table).lookup(index, value);
          table.close();
        },
      },
    },
  });

  test('is refused by the prover if it is wrong, and proved if it is right', async () => {
    const { verificationKey } = await Reader.compile({
      cache: Cache.None,
      withRuntimeTables: true,
    });
    const { proof } = await Reader.at(Field(11), Field(1));
    assert.ok(await verify(proof, verificationKey));
    for (const [value, index] of [
      [12, 1],
      [11, 5],
      [99, 2],
    ] as const)
      await assert.rejects(
        Reader.at(Field(value), Field(index)),
        /failed to find a match in the table/,
      );
  });

  test('finds no pair in a table of another id', async () => {
    const Two = ZkProgram({
      name: 'two-tables',
      publicInput: Field,
      methods: {
        at: {
          privateInputs: [Field],
          async method(value: Field, index: Field) {
            const one = Table.of('one', 7, new Map([[0, 10]]));
            const other = Table.of('other', 9, new Map([[5, 50]]));
            gateOf(one).lookup(index, value);
            one.close();
            other.close();
          },
        },
      },
    });
    const { verificationKey } = await Two.compile({ cache: Cache.None, withRuntimeTables: true });
    const { proof } = await Two.at(Field(10), Field(0));
    assert.ok(await verify(proof, verificationKey));
    await assert.rejects(Two.at(Field(50), Field(5)), /failed to find a match in the table/);
  });

  test('needs a program that is compiled for it', async () => {
    await assert.rejects(
      Reader.compile({ cache: Cache.None, forceRecompile: true }),
      /assert_equal/,
    );
  });
});

test("a limb of RSA's numbers has 116 bits: a longer one is refused by the prover, or gives no proof that holds", async () => {
  const Limb = ZkProgram({
    name: 'limb',
    publicInput: Field,
    methods: {
      at: {
        privateInputs: [Number2048.provable],
        async method(first: Field, number: Number2048) {
          number.fields[0]!.assertEquals(first);
        },
      },
    },
  });
  const { verificationKey } = await Limb.compile({ cache: Cache.None });
  const proved = async (first: Field): Promise<boolean> => {
    const limbs = [first, ...Array<Field>(17).fill(Field(0))];
    const { proof } = await Limb.at(first, Number2048.unsafeFromLimbs(limbs));
    return await verify(proof, verificationKey);
  };
  assert.ok(await proved(Field(2n ** 116n - 1n)));
  // `Provable.runAndCheck` takes the second one.
  for (const first of [Field(2n ** 116n), Field(2n ** 128n)])
    assert.ok(!(await proved(first).catch(() => false)));
});
