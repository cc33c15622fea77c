/**
 * How everything that is hashed or signed becomes field elements. Runs inside and outside of circuits.
 *
 * `H(tag, fields)` is `Poseidon.hashWithPrefix` with the unpadded tag. Mina's Poseidon does not pad for length,
 * so every list here has a fixed length. Every signed list begins with a constant tag and the network.
 */
import { Field, Poseidon, PublicKey, Struct, UInt32, UInt64 } from 'o1js';

/**
 * Constant first elements of signed lists: the tag's ASCII text as a field. The lists that move money name their asset
 * and have tags of their own, so that no signature from before counts for them.
 */
export const VOUCHER = textField('sealrun:voucher2');
export const DUE = textField('sealrun:due2');
export const EXIT = textField('sealrun:exit2');
export const WITHDRAW = textField('sealrun:withdraw2');
export const SETTLE = textField('sealrun:settle');
export const CLOSE = textField('sealrun:close');
export const RECEIPT = textField('sealrun:receipt');
export const MIRROR = textField('sealrun:mirror');
export const LIST = textField('sealrun:list');

/**
 * The longest exit delay that terms may have, in slots: four weeks of 180 s, two weeks of 90 s. It has to cover a run,
 * its collection, which is given up after 8 days, and a settlement; a longer one would only keep the buyer's money.
 */
export const MAX_EXIT_DELAY = 13_440;

/** Text of at most 31 bytes as a field: its UTF-8 bytes, least significant first. */
export function textField(text: string): Field {
  const bytes = new TextEncoder().encode(text);
  if (bytes.length > 31)
    throw new RangeError(
      `text is too long for a field: expected at most 31 bytes, got ${bytes.length}`,
    );
  return Field(bytes.reduceRight((sum, byte) => sum * 256n + BigInt(byte), 0n));
}

export function H(tag: string, fields: Field[]): Field {
  return Poseidon.update(salt(tag), fields)[0];
}

const salts = new Map<string, [Field, Field, Field]>();

/** The state after the tag, as `Poseidon.hashWithPrefix` begins; kept, because trees hash thousands of times with one tag. */
function salt(tag: string): [Field, Field, Field] {
  let state = salts.get(tag);
  if (state === undefined) {
    if (!/^[ -~]{1,20}$/.test(tag))
      throw new RangeError(`tag must be 1 to 20 ASCII characters, got '${tag}'`);
    state = Poseidon.update(Poseidon.initialState(), [textField(tag)]);
    salts.set(tag, state);
  }
  return state;
}

/** A SHA-256 digest as two fields: high and low 128 bits, big-endian as the digest is written. */
export function digestFields(digest: Uint8Array): [Field, Field] {
  if (digest.length !== 32)
    throw new RangeError(`digest has wrong size: expected 32 bytes, got ${digest.length}`);
  const hex = Buffer.from(digest).toString('hex');
  return [Field(BigInt('0x' + hex.slice(0, 32))), Field(BigInt('0x' + hex.slice(32)))];
}

/**
 * Who is paid, in what, and on whose word. One set of terms serves many offers; an account is opened for exactly one.
 * Either `oracle` is a key and `keys` 0, or `oracle` is the empty key and `keys` the root of an issuer's keys.
 */
export class Terms extends Struct({
  /** `mina:devnet`, `mina:mainnet` as a field. */
  network: Field,
  /** Token id of all that is priced and paid; 1 is MINA. */
  asset: Field,
  /** Random; names the one table of vouchers and dues that serves these terms. */
  ledger: Field,
  seller: PublicKey,
  operator: PublicKey,
  /** Basis points of what is settled, 0 to 10000. */
  operatorShare: UInt32,
  /** Whose signed statement settles; the empty key where a proof does. */
  oracle: PublicKey,
  /** `keyRoot` of the issuer whose signed tokens settle, in proofs; 0 where an oracle does. */
  keys: Field,
  /** Slots between the latest slot of an exit request and the first withdrawal, 1 to `MAX_EXIT_DELAY`. */
  exitDelay: UInt32,
}) {
  hash(): Field {
    return H('sealrun:terms', [
      this.network,
      this.asset,
      this.ledger,
      ...this.seller.toFields(),
      ...this.operator.toFields(),
      this.operatorShare.value,
      ...this.oracle.toFields(),
      this.keys,
      this.exitDelay.value,
    ]);
  }
}

export interface Call {
  network: Field;
  account: PublicKey;
  offerHash: Field;
  termsHash: Field;
  inputsHash: Field;
  /** 128 random bits. */
  nonce: Field;
  /** Seconds since 1970. */
  expiresAt: Field;
}

export function callHash(call: Call): Field {
  const { network, account, offerHash, termsHash, inputsHash, nonce, expiresAt } = call;
  return H('sealrun:call', [
    network,
    ...account.toFields(),
    offerHash,
    termsHash,
    inputsHash,
    nonce,
    expiresAt,
  ]);
}

/**
 * What a buyer's wallet signs for one call: pay up to this running total, in the asset's smallest unit. A call of
 * price 0 names the asset 0.
 */
export function voucherFields(
  network: Field,
  account: PublicKey,
  asset: Field,
  limit: UInt64,
  call: Field,
): Field[] {
  return [VOUCHER, network, ...account.toFields(), asset, limit.value, call];
}

/** What the oracle signs for one settlement: what is owed in total, and the receipts that it is owed for. */
export function dueFields(
  network: Field,
  account: PublicKey,
  asset: Field,
  due: UInt64,
  receiptsRoot: Field,
): Field[] {
  return [DUE, network, ...account.toFields(), asset, due.value, receiptsRoot];
}

/** What a seller signs to settle a proved account: the calls that are settled then, and their price in total. */
export function settleFields(
  network: Field,
  account: PublicKey,
  asset: Field,
  root: Field,
  total: UInt64,
): Field[] {
  return [SETTLE, network, ...account.toFields(), asset, root, total.value];
}

/** What a buyer signs to leave. The latest slot is signed, or a relay could set the exit as late as it likes. */
export function exitFields(
  network: Field,
  account: PublicKey,
  asset: Field,
  latest: UInt32,
): Field[] {
  return [EXIT, network, ...account.toFields(), asset, latest.value];
}

/**
 * What a buyer signs to take money out, in the asset's smallest unit. Each withdrawal moves the exit slot by one, so a signature over the
 * present one is used up with its withdrawal (A12).
 */
export function withdrawFields(
  network: Field,
  account: PublicKey,
  asset: Field,
  exitSlot: UInt32,
  amount: UInt64,
): Field[] {
  return [WITHDRAW, network, ...account.toFields(), asset, exitSlot.value, amount.value];
}

/** What a seller signs to close an offer for ever. */
export function closeFields(network: Field, offer: PublicKey): Field[] {
  return [CLOSE, network, ...offer.toFields()];
}

/**
 * What a seller signs to list an offer on a board, by the board's owner; the digest is the SHA-256 of the offer's address.
 * Nobody lists the same offer on another board, or with another address.
 */
export function listFields(
  network: Field,
  board: PublicKey,
  offer: PublicKey,
  offerHash: Field,
  urlDigest: Uint8Array,
): Field[] {
  return [
    LIST,
    network,
    ...board.toFields(),
    ...offer.toFields(),
    offerHash,
    ...digestFields(urlDigest),
  ];
}

/** The signed root binds the number of leaves, so that a tree cannot be read as a shorter one (A8). */
export function receiptsRoot(treeRoot: Field, count: Field): Field {
  return H('sealrun:root', [treeRoot, count]);
}
