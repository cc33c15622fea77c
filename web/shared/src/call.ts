// A buyer's request for one run of one offer.
import { documentHash, signedFields, taggedHash, textField, VOUCHER } from './fields.ts';
import type { Inputs } from './inputs.ts';
import { canonicalBytes } from './json.ts';
import { keyFields, tokenId } from './mina.ts';

/** A call before it is signed. Hashes are fields, the expiry is in Unix seconds. */
export interface Call {
  network: string;
  /** Who pays: the buyer's own key for an offer of price 0. */
  account: string;
  offerHash: bigint;
  termsHash: bigint;
  /** Token id of what the account is kept in, in base58; empty for an offer of price 0. */
  asset: string;
  inputs: Inputs;
  /** 64 hex digits, so that the inputs' hash says nothing about short inputs. */
  salt: string;
  /** 32 hex digits. */
  nonce: string;
  expiresAt: number;
  /** Receipt hashes of the runs whose outputs this call uses. */
  reads?: string[];
  /** The call for whose run a job makes this one. */
  parent?: Parent | undefined;
}

/** A call by its hash, 64 hex digits, and the depth of the call that is made for it. */
export interface Parent {
  call: string;
  depth: number;
}

/** `H("sealrun:call", ...)`: names the call everywhere, and is what the buyer signs. */
export async function callHash(call: Call): Promise<bigint> {
  return taggedHash('sealrun:call', [
    textField(call.network),
    ...keyFields(call.account),
    call.offerHash,
    call.termsHash,
    await inputsHash(call),
    BigInt(`0x${call.nonce}`),
    BigInt(call.expiresAt),
  ]);
}

/** `H("sealrun:inputs", ...)` over canonical JSON of inputs, salt and, where the call has them, reads and parent. */
export async function inputsHash({ inputs, salt, reads = [], parent }: Call): Promise<bigint> {
  const links = {
    ...(reads.length > 0 ? { reads } : {}),
    ...(parent ? { parent: { ...parent } } : {}),
  };
  return documentHash('sealrun:inputs', canonicalBytes({ inputs, salt, ...links }));
}

/** The seven fields that the buyer's wallet signs: this call, and the running total it may cost. */
export function voucherFields(call: Call, hash: bigint, limit: bigint): bigint[] {
  const asset = call.asset === '' ? 0n : tokenId(call.asset);
  return signedFields(VOUCHER, call.network, call.account, asset, limit, hash);
}
