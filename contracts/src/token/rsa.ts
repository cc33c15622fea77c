/**
 * RS256 (RFC 7518, 3.3) with a key of 2048 bits and the exponent 65537.
 *
 * Sentence 2 of the argument (ADR 28): whoever holds the key signed the digest that the blocks have.
 */
import { Bytes, type UInt32 } from 'o1js';
import { Bigint2048, rsaVerify65537 } from 'mina-attestations/rsa';

/** Range-checked to 18 limbs of 116 bits where it is witnessed. */
export const Number2048 = Bigint2048;
export type Number2048 = Bigint2048;

/** Holds `signature ** 65537 % modulus` to be the digest in PKCS #1 v1.5 padding, all 2048 bits of it. */
export function requireSigned(state: UInt32[], signature: Bigint2048, modulus: Bigint2048): void {
  const digest = Bytes(32).from(state.flatMap((word) => word.toBytesBE()));
  rsaVerify65537(digest, signature, modulus);
}
