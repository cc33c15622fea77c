// Mina's hash, keys and signatures, as mina-signer makes them.
//
// mina-signer hands out neither its Poseidon nor a key's coordinates, so its own modules are read, and no
// client: the bundle holds one copy of each. The version is pinned, and shared vectors compare every function.
import {
  PrivateKey,
  PublicKey,
} from '../../../node_modules/mina-signer-3/dist/node/mina-signer/src/curve-bigint.js';
import { hashWithPrefix } from '../../../node_modules/mina-signer-3/dist/node/mina-signer/src/poseidon-bigint.js';
import { Field } from '../../../node_modules/mina-signer-3/dist/node/mina-signer/src/field-bigint.js';
import { fieldEncodings } from '../../../node_modules/mina-signer-3/dist/node/lib/util/base58.js';
import {
  Signature,
  sign as signInput,
  verify,
} from '../../../node_modules/mina-signer-3/dist/node/mina-signer/src/signature.js';

export { hashWithPrefix };

// The order of Pallas's base field: https://github.com/MinaProtocol/mina/blob/develop/docs/specs/signatures/description.md
export const P = 0x40000000000000000000000000000000224698fc094cf91b992d30ed00000001n;
// Longer texts than a key's 55 and a signature's 96 characters are not read.
const MAX_BASE58 = 100;
// Signatures over fields carry no network of their own; sealrun's lists name it.
const NETWORK = 'devnet';

/** A public key's two fields, its x and the parity of its y. Throws where the text is no key of the curve. */
export function keyFields(address: string): [bigint, bigint] {
  const { x, isOdd } = PublicKey.fromBase58(bounded(address));
  return [x, isOdd ? 1n : 0n];
}

/** The key of an x and a parity; undefined where no point of the curve has them. */
export function addressOfFields(x: bigint, parity: bigint): string | undefined {
  if (parity > 1n) return undefined;
  const address = PublicKey.toBase58({ x, isOdd: parity === 1n });
  return isPublicKey(address) ? address : undefined;
}

/** True if the text is a public key, in its one spelling. */
export function isPublicKey(text: string): boolean {
  try {
    return PublicKey.toBase58(PublicKey.fromBase58(bounded(text))) === text;
  } catch {
    return false;
  }
}

/** The token id of MINA itself, in base58. */
export const MINA = 'wSHV2S4qX9jFsLjQo8r1BsMLH2ZRKsZx6EJd1sbozGPieEC4Jf';
const { TokenId } = fieldEncodings(Field);

/** A token's id as a field; 1 is MINA. Throws where the text is none in its one spelling. */
export function tokenId(text: string): bigint {
  const id = TokenId.fromBase58(bounded(text));
  if (id === 0n || TokenId.toBase58(id) !== text) throw new Error('expected the id of a token');
  return id;
}

/** The id of the token that this account owns, in base58. */
export function tokenOf(owner: string): string {
  const [x, isOdd] = keyFields(owner);
  return TokenId.toBase58(hashWithPrefix('MinaDeriveTokenId***', [x, 1n, isOdd]));
}

/** True if the text is a signature, in its one spelling, whether it holds or not. */
export function isSignature(text: string): boolean {
  try {
    const signature = Signature.fromBase58(bounded(text));
    return signature.r !== 0n && Signature.toBase58(signature) === text;
  } catch {
    return false;
  }
}

/** A fresh private key, out of the browser's own randomness. */
export function newKey(): string {
  return PrivateKey.toBase58(PrivateKey.random());
}

/** The public key of a private one. */
export function addressOf(secret: string): string {
  return PublicKey.toBase58(PrivateKey.toPublicKey(PrivateKey.fromBase58(secret)));
}

export function sign(fields: bigint[], secret: string): string {
  return Signature.toBase58(signInput({ fields }, PrivateKey.fromBase58(secret), NETWORK));
}

/** True if this key made this signature over these fields; false also where one of them is no such text. */
export function holds(fields: bigint[], signature: string, address: string): boolean {
  if (!isSignature(signature) || !isPublicKey(address)) return false;
  return verify(
    Signature.fromBase58(signature),
    { fields },
    PublicKey.fromBase58(address),
    NETWORK,
  );
}

function bounded(text: string): string {
  if (text.length > MAX_BASE58) throw new Error(`expected at most ${MAX_BASE58} characters`);
  return text;
}
