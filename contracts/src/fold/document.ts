/** `fold.proof.json`: a fold's proof with its statement and the calls that it settles. */
import { Field, type JsonProof, PublicKey, UInt32, UInt64 } from 'o1js';
import { hex } from '../token/document.js';
import { FoldProof } from './programs.js';
import type { SettledCall } from './settled.js';
import { FoldStatement } from './statement.js';

export interface FoldStatementJson {
  /** Decimal text, as all fields and amounts. */
  readonly terms_hash: string;
  /** Base58. */
  readonly account: string;
  readonly buyer: string;
  readonly before: string;
  readonly after: string;
  readonly amount: string;
  readonly count: number;
}

/** What an account's map holds of one call. Whoever settles keeps them all, in their order. */
export interface SettledJson {
  /** 64 hex digits. */
  readonly call: string;
  readonly outputs: string;
  /** Unix seconds. */
  readonly iat: number;
  readonly price: string;
}

export interface FoldDocument {
  readonly sealrun: 1;
  readonly statement: FoldStatementJson;
  readonly calls: readonly SettledJson[];
  /** Base64, as o1js writes proofs. */
  readonly proof: string;
}

/** A fold's last step verifies the fold before it and a token's proof. */
const PROOFS_VERIFIED = 2 as const;

export function foldDocument(proof: FoldProof, calls: readonly SettledCall[]): FoldDocument {
  return {
    sealrun: 1,
    statement: statementJson(proof.publicOutput),
    calls: calls.map(settledJson),
    proof: proof.toJSON().proof,
  };
}

export async function foldProof({ statement, proof }: FoldDocument): Promise<FoldProof> {
  const json: JsonProof = {
    publicInput: [],
    publicOutput: FoldStatement.toFields(statementFields(statement)).map(String),
    maxProofsVerified: PROOFS_VERIFIED,
    proof,
  };
  return await FoldProof.fromJSON(json);
}

export function settledJson({
  call,
  outputsHigh,
  outputsLow,
  iat,
  price,
}: SettledCall): SettledJson {
  return {
    call: hex(call, 64),
    outputs: hex(outputsHigh, 32) + hex(outputsLow, 32),
    iat: Number(iat.toBigInt()),
    price: `${price}`,
  };
}

export function readSettledCall({ call, outputs, iat, price }: SettledJson): SettledCall {
  return {
    call: Field(BigInt(`0x${call}`)),
    outputsHigh: Field(BigInt(`0x${outputs.slice(0, 32)}`)),
    outputsLow: Field(BigInt(`0x${outputs.slice(32)}`)),
    iat: Field(iat),
    price: UInt64.from(price),
  };
}

function statementJson(statement: FoldStatement): FoldStatementJson {
  const { termsHash, account, buyer, before, after, amount, count } = statement;
  return {
    terms_hash: `${termsHash}`,
    account: account.toBase58(),
    buyer: buyer.toBase58(),
    before: `${before}`,
    after: `${after}`,
    amount: `${amount}`,
    count: Number(count.toBigint()),
  };
}

function statementFields(json: FoldStatementJson): FoldStatement {
  return new FoldStatement({
    termsHash: Field(json.terms_hash),
    account: PublicKey.fromBase58(json.account),
    buyer: PublicKey.fromBase58(json.buyer),
    before: Field(json.before),
    after: Field(json.after),
    amount: UInt64.from(json.amount),
    count: UInt32.from(json.count),
  });
}
