/**
 * A receipt: what the oracle signs about one call, for contracts that act on it. Eleven fields, in and out of circuits.
 *
 * A signature shows what the oracle's key said, not that the source ran; `grade` says what else it rests on. Whose key
 * that is, the document cannot tell: take the oracle from an offer that you read, or from your contract's own state.
 */
import { Bool, Field, PublicKey, Signature, Struct, UInt32, UInt64 } from 'o1js';
import { H, RECEIPT, textField } from './fields.js';

export { textField } from './fields.js';

/** How a call ended; the value of `Receipt.status`. Only `succeeded` is paid. */
export const Outcome = {
  succeeded: 1,
  failed: 2,
  canceled: 3,
  skipped: 4,
  neverStarted: 5,
  timeLimit: 6,
  sourceChanged: 7,
  outputsRefused: 8,
  unreachable: 9,
  gradeNotReached: 10,
} as const;

const NETWORKS = ['mina:devnet', 'mina:mainnet'];
const HASHES = [
  'call_hash',
  'offer_hash',
  'source_hash',
  'inputs_hash',
  'outputs_hash',
  'profile_hash',
] as const;
const HIGHEST_GRADE = 3;

/** `data` of a receipt's JSON document: hashes are decimal text, times are Unix seconds. */
export interface ReceiptData {
  network: string;
  call_hash: string;
  offer_hash: string;
  source_hash: string;
  inputs_hash: string;
  outputs_hash: string;
  profile_hash: string;
  status: number;
  grade: number;
  finished_at: number;
}

/** A receipt as it is served: `GET /calls/{call}/receipt`. */
export interface ReceiptDocument {
  data: ReceiptData;
  /** Base58. */
  signature: string;
  /** Of whoever signed it, base58; not to be believed. */
  publicKey: string;
}

export class Receipt extends Struct({
  /** `mina:devnet`, `mina:mainnet` as a field. */
  network: Field,
  /** `callHash` of the call. */
  callHash: Field,
  /** Of the offer's document. */
  offerHash: Field,
  /** Of commit, tree and all that ran. */
  sourceHash: Field,
  inputsHash: Field,
  /** Root of the tree of outputs. */
  outputsHash: Field,
  /** Root of the tree of logs, samples and where it ran. */
  profileHash: Field,
  /** One of `Outcome`. */
  status: UInt32,
  /** What the receipt rests on, 0 to 3: the operator's word, the CI's token, a second oracle, attested hardware. */
  grade: UInt32,
  /** Unix seconds. */
  finishedAt: UInt64,
}) {
  /** The eleven fields that the oracle signs, in their order. */
  fields(): Field[] {
    return [
      RECEIPT,
      this.network,
      this.callHash,
      this.offerHash,
      this.sourceHash,
      this.inputsHash,
      this.outputsHash,
      this.profileHash,
      this.status.value,
      this.grade.value,
      this.finishedAt.value,
    ];
  }

  /** What stands for this receipt in the tree of dues. */
  hash(): Field {
    return H('sealrun:receipt-hash', this.fields());
  }

  /** Whether the run was good: the only outcome that is paid. */
  succeeded(): Bool {
    return this.status.value.equals(Outcome.succeeded);
  }

  /**
   * Reads `data` of a receipt's document. Not checked: its signature.
   *
   * @throws RangeError a name is missing or unknown, or a value is not of its form
   */
  static read(data: ReceiptData): Receipt {
    const names = ['network', ...HASHES, 'status', 'grade', 'finished_at'];
    requireNames('data', data, names);
    if (!NETWORKS.includes(data.network))
      throw new RangeError(`network: expected ${NETWORKS.join(' or ')}, got ${data.network}`);
    const hash = (name: (typeof HASHES)[number]) => readField(name, data[name]);
    return new Receipt({
      network: textField(data.network),
      callHash: hash('call_hash'),
      offerHash: hash('offer_hash'),
      sourceHash: hash('source_hash'),
      inputsHash: hash('inputs_hash'),
      outputsHash: hash('outputs_hash'),
      profileHash: hash('profile_hash'),
      status: UInt32.from(readWhole('status', data.status, 1, Outcome.gradeNotReached)),
      grade: UInt32.from(readWhole('grade', data.grade, 0, HIGHEST_GRADE)),
      finishedAt: UInt64.from(
        readWhole('finished_at', data.finished_at, 0, Number.MAX_SAFE_INTEGER),
      ),
    });
  }
}

/** A receipt and its signature, as a contract's method takes it. */
export class SignedReceipt extends Struct({ receipt: Receipt, signature: Signature }) {
  /** Whether this oracle signed this receipt. */
  signedBy(oracle: PublicKey): Bool {
    return this.signature.verify(oracle, new Receipt(this.receipt).fields());
  }

  /**
   * Fails the proof unless this oracle signed a good run of this offer on this network. Not checked: which call it is,
   * its inputs, and whether it was handed in before.
   *
   * @param network `mina:devnet` or `mina:mainnet` as a field, see `textField`
   */
  requireGood(oracle: PublicKey, network: Field, offerHash: Field): void {
    this.signedBy(oracle).assertTrue('the receipt is not signed by this oracle');
    this.receipt.network.assertEquals(network, 'the receipt is of another network');
    this.receipt.offerHash.assertEquals(offerHash, 'the receipt is of another offer');
    new Receipt(this.receipt).succeeded().assertTrue('the run was not good');
  }

  /**
   * Reads a receipt's document. Not checked: its signature, and whose `publicKey` it names.
   *
   * @throws RangeError a name is missing or unknown, or a value is not of its form
   */
  static read(document: ReceiptDocument): SignedReceipt {
    requireNames('receipt', document, ['data', 'signature', 'publicKey']);
    return new SignedReceipt({
      receipt: Receipt.read(document.data),
      signature: readSignature(document.signature),
    });
  }
}

function requireNames(what: string, value: unknown, names: string[]): void {
  const found = typeof value === 'object' && value !== null ? Object.keys(value) : [];
  if (found.length !== names.length || !names.every((name) => found.includes(name)))
    throw new RangeError(`${what}: expected ${names.join(', ')}, got ${found.join(', ')}`);
}

function readField(name: string, text: unknown): Field {
  if (typeof text !== 'string' || !/^(0|[1-9]\d{0,77})$/.test(text) || BigInt(text) >= Field.ORDER)
    throw new RangeError(`${name}: expected a field as decimal text, got ${text}`);
  return Field(text);
}

function readWhole(name: string, value: unknown, low: number, high: number): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < low || value > high)
    throw new RangeError(`${name}: expected a whole number from ${low} to ${high}, got ${value}`);
  return value;
}

function readSignature(text: unknown): Signature {
  try {
    return Signature.fromBase58(text as string);
  } catch (error) {
    throw new RangeError('signature: expected one in base58', { cause: error });
  }
}
