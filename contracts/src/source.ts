/**
 * What an oracle signs about a repository: this commit has this mirror. For contracts that want a file of a commit now, on the
 * word of a key; `sealrun source sign` makes it. In and out of circuits.
 */
import { createHash } from 'node:crypto';
import { Field, PublicKey, Signature, Struct, UInt64 } from 'o1js';
import { H, MIRROR, digestFields, textField } from './fields.js';

/**
 * The hash of a repository's URL, which is a constant of most contracts. Outside of circuits.
 *
 * Not checked: that the text is in the one form that `sealrun source sign` writes.
 */
export function repositoryHash(url: string): Field {
  return H('sealrun:repository', digestFields(createHash('sha256').update(url).digest()));
}

/** `data` of the document: the root is decimal text, the commit 40 hex digits, the time Unix seconds. */
export interface SourceDocument {
  data: { network: string; repository: string; commit: string; root: string; at: number };
  /** Base58. */
  signature: string;
  /** Of whoever signed it, base58; not to be believed. */
  publicKey: string;
}

export class SourceStatement extends Struct({
  /** `mina:devnet`, `mina:mainnet` as a field. */
  network: Field,
  /** `repositoryHash` of the repository. */
  repository: Field,
  /** Git's SHA-1 as a number. */
  commit: Field,
  /** Of the commit's mirror, see `fileDigest`. */
  root: Field,
  /** When it was signed, Unix seconds. */
  at: UInt64,
}) {
  /** The six fields that are signed, in their order. */
  fields(): Field[] {
    return [MIRROR, this.network, this.repository, this.commit, this.root, this.at.value];
  }
}

/** A statement and its signature, as a contract's method takes it. */
export class SignedSource extends Struct({ statement: SourceStatement, signature: Signature }) {
  /**
   * Fails the proof unless this oracle signed it, on this network, about this repository.
   *
   * Not checked: which commit it is of, and how old it is.
   *
   * @param network `mina:devnet` or `mina:mainnet` as a field, see `textField`
   */
  requireSigned(oracle: PublicKey, network: Field, repository: Field): SourceStatement {
    const statement = new SourceStatement(this.statement);
    this.signature
      .verify(oracle, statement.fields())
      .assertTrue('the statement is not signed by this oracle');
    statement.network.assertEquals(network, 'the statement is of another network');
    statement.repository.assertEquals(repository, 'the statement is of another repository');
    return statement;
  }

  /**
   * Reads what `sealrun source sign` wrote. Not checked: its signature, and whose `publicKey` it names.
   *
   * @throws RangeError a value is not of its form
   */
  static read({ data, signature }: SourceDocument): SignedSource {
    if (!/^[0-9a-f]{40}$/.test(data.commit))
      throw new RangeError(`commit: expected 40 hex digits, got ${data.commit}`);
    return new SignedSource({
      statement: new SourceStatement({
        network: textField(data.network),
        repository: repositoryHash(data.repository),
        commit: Field(BigInt(`0x${data.commit}`)),
        root: Field(data.root),
        at: UInt64.from(data.at),
      }),
      signature: Signature.fromBase58(signature),
    });
  }
}
