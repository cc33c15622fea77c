/** `token.proof.json`: a proof with what it says, without the token. */
import { Field, verify } from 'o1js';
import { LAYOUTS, type Layout } from './layouts.js';
import { pinnedPrograms } from './pins.js';
import { TOKEN_PROGRAMS } from './programs.js';
import { AUDIENCES, type Audience, Said, TokenStatement, factsHashOf } from './statement.js';

export interface StatementJson {
  /** Decimal text. */
  readonly key: string;
  /** As it stands in the token: `urn:sealrun:call:CALL`, `urn:sealrun:done:CALL:OUTPUTS` or `urn:sealrun:tree:COMMIT:ROOT`. */
  readonly audience: string;
  /** Decimal text. */
  readonly facts: string;
  /** Unix seconds. */
  readonly iat: number;
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
/** The subject is below 2^254, as the circuit has it: with the field's order added, another text would be the same field. */
const AUDIENCE =
  /^urn:sealrun:(?:(call):([0-3][0-9a-f]{63})|(done|tree):([0-3][0-9a-f]{63}):([0-9a-f]{64}))$/;

export function statementJson(statement: TokenStatement): StatementJson {
  const { key, said, subject, facts, iat, digestHigh, digestLow } = statement;
  const parts = [AUDIENCES[Number(said.toBigInt())]!, hex(subject, 64)];
  if (parts[0] !== 'call') parts.push(hex(digestHigh, 32) + hex(digestLow, 32));
  return {
    key: `${key}`,
    audience: ['urn:sealrun', ...parts].join(':'),
    facts: `${facts}`,
    iat: Number(iat.toBigInt()),
  };
}

/** @throws RangeError if the audience is none that a proof has */
export function statementFields({ key, audience, facts, iat }: StatementJson): TokenStatement {
  const [, call, subject, word, twin, digest] = AUDIENCE.exec(audience) ?? [];
  const said = (call ?? word) as Audience | undefined;
  if (said === undefined)
    throw new RangeError(
      'audience: expected urn:sealrun:, call, done or tree, and 64 hex digits each, the first at most 3',
    );
  const number = (digits: string | undefined): Field => Field(BigInt(`0x${digits ?? '0'}`));
  return new TokenStatement({
    key: Field(key),
    said: Field(Said[said]),
    subject: number(subject ?? twin),
    facts: Field(facts),
    iat: Field(iat),
    digestHigh: number(digest?.slice(0, 32)),
    digestLow: number(digest?.slice(32)),
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

/** With zeros in front. */
export const hex = (field: Field, digits: number): string =>
  field.toBigInt().toString(16).padStart(digits, '0');
