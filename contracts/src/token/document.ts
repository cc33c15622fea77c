/** `token.proof.json`: a proof with what it says, without the token. */
import { Field, verify } from 'o1js';
import { LAYOUTS, type Layout } from './layouts.js';
import { pinnedPrograms } from './pins.js';
import { TOKEN_PROGRAMS } from './programs.js';
import { TokenStatement, factsHashOf } from './statement.js';

export interface StatementJson {
  /** Decimal text. */
  readonly key: string;
  /** 64 hex digits. */
  readonly call: string;
  /** Decimal text. */
  readonly facts: string;
  /** Unix seconds. */
  readonly iat: number;
  /** 64 hex digits, or null if the audience names no outputs. */
  readonly outputs: string | null;
}

export interface ProofDocument {
  readonly sealrun: 1;
  readonly issuer: Layout['name'];
  readonly statement: StatementJson;
  /** The pinned claims, which hash to the statement's facts. */
  readonly facts: Readonly<Record<string, string>>;
  /** Base64, as o1js writes proofs. */
  readonly proof: string;
}

/** The token's proof verifies one other proof. */
const PROOFS_VERIFIED = 1 as const;
const NONE = '0'.repeat(64);

export function statementJson({
  key,
  call,
  facts,
  iat,
  outputsHigh,
  outputsLow,
}: TokenStatement): StatementJson {
  const outputs = hex(outputsHigh, 32) + hex(outputsLow, 32);
  return {
    key: `${key}`,
    call: hex(call, 64),
    facts: `${facts}`,
    iat: Number(iat.toBigInt()),
    outputs: outputs === NONE ? null : outputs,
  };
}

export function statementFields({ key, call, facts, iat, outputs }: StatementJson): TokenStatement {
  const both = outputs ?? NONE;
  return new TokenStatement({
    key: Field(key),
    call: Field(BigInt(`0x${call}`)),
    facts: Field(facts),
    iat: Field(iat),
    outputsHigh: Field(BigInt(`0x${both.slice(0, 32)}`)),
    outputsLow: Field(BigInt(`0x${both.slice(32)}`)),
  });
}

/**
 * Whether the proof holds for exactly this statement, and the facts are the statement's.
 *
 * Not checked: whose key it is, and that the call, the facts and the time are the wanted ones.
 */
export async function holds(document: ProofDocument): Promise<boolean> {
  const { issuer, statement, facts, proof } = document;
  if (`${factsHashOf(LAYOUTS[issuer], facts)}` !== statement.facts) return false;
  const output = TokenStatement.toFields(statementFields(statement)).map(String);
  const json = {
    publicInput: [],
    publicOutput: output,
    maxProofsVerified: PROOFS_VERIFIED,
    proof,
  };
  try {
    return await verify(
      await TOKEN_PROGRAMS[issuer].Proof.fromJSON(json),
      pinnedPrograms()[issuer].key.data,
    );
  } catch {
    // o1js throws on what is no proof at all.
    return false;
  }
}

const hex = (field: Field, digits: number): string =>
  field.toBigInt().toString(16).padStart(digits, '0');
