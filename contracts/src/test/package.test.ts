/** What is published, as a contract's author gets it: packed, installed into an empty folder, imported there. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const CONTRACTS = fileURLToPath(new URL('../..', import.meta.url));
const VECTORS = join(CONTRACTS, '..', 'tests', 'vectors', 'sealrun.json');
const TSC = createRequire(import.meta.url).resolve('typescript/bin/tsc');

/** A contract that pays nobody, but could: it goes by a receipt. */
const AUTHOR = `
import { readFileSync } from 'node:fs';
import { Field, PublicKey, Signature, SmartContract, State, method, state } from 'o1js';
import { Outcome, Receipt, SignedReceipt, textField } from 'sealrun-contracts/receipt';
import { PrepaidAccount } from 'sealrun-contracts';

const DEVNET = textField('mina:devnet');

export class Delivery extends SmartContract {
  @state(PublicKey) oracle = State<PublicKey>();
  @state(Field) offerHash = State<Field>();

  @method async accept(signed: SignedReceipt) {
    const [oracle, offer] = [this.oracle.getAndRequireEquals(), this.offerHash.getAndRequireEquals()];
    signed.requireGood(oracle, DEVNET, offer);
  }
}

export function typed(receipt: Receipt): number {
  // @ts-expect-error a field is no number: the types are o1js's own, not any
  return receipt.callHash;
}

const { receipt } = JSON.parse(readFileSync(process.argv[2]!, 'utf8'));
const results = receipt.map(({ data, signer, signature, hash }: any) => {
  const signed = SignedReceipt.read({ data, signature, publicKey: signer });
  const oracle = PublicKey.fromBase58(signer);
  const changed = new SignedReceipt({
    receipt: Receipt.read({ ...data, status: data.status === 1 ? 2 : 1 }),
    signature: Signature.fromBase58(signature),
  });
  return {
    holds: signed.signedBy(oracle).toBoolean(),
    changed: changed.signedBy(oracle).toBoolean(),
    hash: new Receipt(signed.receipt).hash().toString() === hash,
    good: new Receipt(signed.receipt).succeeded().toBoolean() === (data.status === Outcome.succeeded),
  };
});
const { accept } = await Delivery.analyzeMethods();
console.log(JSON.stringify({ results, rows: accept!.rows, contract: PrepaidAccount.name }));
`;

let folder: string;
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'sealrun-package-'));
});

function npm(cwd: string, ...command: string[]): string {
  return execFileSync('npm', command, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

/** Packs into a folder of its own; the tarball. */
function packed(name: string): string {
  mkdirSync(join(folder, name));
  const made = npm(CONTRACTS, 'run', '--silent', 'pack:dist', '--', join(folder, name));
  return join(folder, name, made.trim());
}

describe('the npm package', () => {
  let tarball: string;

  test('is the same bytes each time', () => {
    const digests = ['first', 'second'].map((name) => {
      tarball = packed(name);
      return createHash('sha256').update(readFileSync(tarball)).digest('hex');
    });
    assert.equal(digests[0], digests[1]);
  });

  test('has contracts, keys, tools and a licence, and no tests', () => {
    const listed = execFileSync('tar', ['-tzf', tarball], { encoding: 'utf8' }).trim().split('\n');
    for (const name of [
      'LICENSE',
      'README.md',
      'verification_keys.json',
      'dist/index.js',
      'dist/receipt.d.ts',
      'dist/prepaid_account.js',
      'dist/tools/main.js',
    ])
      assert.ok(listed.includes(`package/${name}`), name);
    assert.deepEqual(
      listed.filter((name) => /test|bench|vector|\.ts$/.test(name) && !name.endsWith('.d.ts')),
      [],
    );
  });

  test('gives a contract the struct of a receipt, with types, and the tools as a command', () => {
    const author = join(folder, 'author');
    mkdirSync(author);
    writeFileSync(join(author, 'package.json'), '{"private": true, "type": "module"}');
    npm(author, 'install', '--prefer-offline', '--no-audit', '--no-fund', tarball);
    writeFileSync(join(author, 'delivery.ts'), AUTHOR);
    const strict = ['--strict', '--skipLibCheck', '--experimentalDecorators'];
    const types = ['--emitDecoratorMetadata', '--useDefineForClassFields', 'false'];
    const modern = ['--target', 'es2022', '--module', 'nodenext'];
    const roots = [
      '--typeRoots',
      join(CONTRACTS, '..', 'node_modules', '@types'),
      '--types',
      'node',
    ];
    const options = [TSC, ...strict, ...types, ...modern, ...roots, 'delivery.ts'];
    execFileSync(process.execPath, options, { cwd: author, stdio: ['ignore', 2, 2] });
    const said = execFileSync(process.execPath, ['delivery.js', VECTORS], {
      cwd: author,
      encoding: 'utf8',
    });
    const { results, rows, contract } = JSON.parse(said.trim().split('\n').at(-1)!);
    assert.ok(results.length >= 2);
    for (const each of results)
      assert.deepEqual(each, { holds: true, changed: false, hash: true, good: true });
    assert.ok(rows > 100 && rows < 5000, `${rows} rows`);
    assert.equal(contract, 'PrepaidAccount');
    const bin = join(author, 'node_modules', '.bin', 'sealrun-contracts');
    const { stdout } = spawnSync(bin, ['open'], { input: '{}', encoding: 'utf8' });
    assert.match(stdout, /"bad-request".*node: expected text/);
    assert.match(
      spawnSync(bin, ['other'], { encoding: 'utf8' }).stderr,
      /usage: sealrun-contracts/,
    );
  });
});
