/**
 * Any number of proved calls of one account as one proof. `first` takes one call, `next` one more; ADR 41 has the argument.
 *
 * The proof of a token comes with its verification key, which has to be a pinned one: a program that had it baked in could
 * only be compiled after those of the tokens, with 6 GB and minutes for each settlement.
 */
import {
  DynamicProof,
  type FeatureFlags,
  Field,
  SelfProof,
  UInt32,
  VerificationKey,
  Void,
  ZkProgram,
} from 'o1js';
import { Terms } from '../fields.js';
import { TokenStatement } from '../token/statement.js';
import { FoldContext, ProvedCall, addCall } from './call.js';
import { SettledCalls } from './settled.js';
import { FoldStatement } from './statement.js';

/** Hashes of the verification keys of the token's programs, by issuer: those of `token_programs.json`, as a test holds. */
export const TOKEN_KEYS = {
  gitlab: '16412568821514171350535105837617810106002103020475494969037462381247156169745',
  github: '19477149232180111742192708691738939319212972577297868567175279578373001001531',
} as const;

/** Gates of the token's programs, as a test holds: a proof with others cannot be verified. */
export const TOKEN_FEATURES: FeatureFlags = {
  rangeCheck0: true,
  rangeCheck1: false,
  foreignFieldAdd: false,
  foreignFieldMul: false,
  xor: true,
  rot: false,
  lookup: true,
  runtimeTables: true,
};

/** A proof of any issuer's token. */
export class TokenProof extends DynamicProof<void, TokenStatement> {
  static override publicInputType = Void;
  static override publicOutputType = TokenStatement;
  static override maxProofsVerified = 1 as const;
  static override featureFlags = TOKEN_FEATURES;
}

/** 1. The token's statement was proved by one of the two pinned programs. */
function requireProved(token: TokenProof, key: VerificationKey): TokenStatement {
  const known = key.hash
    .equals(Field(TOKEN_KEYS.gitlab))
    .or(key.hash.equals(Field(TOKEN_KEYS.github)));
  known.assertTrue('the token is not proved by a pinned program');
  token.verify(key);
  return token.publicOutput;
}

export const FoldProgram = ZkProgram({
  name: 'sealrun-fold',
  publicOutput: FoldStatement,
  methods: {
    first: {
      privateInputs: [TokenProof, VerificationKey, Terms, FoldContext, ProvedCall, SettledCalls],
      async method(
        token: TokenProof,
        key: VerificationKey,
        terms: Terms,
        context: FoldContext,
        call: ProvedCall,
        settled: SettledCalls,
      ) {
        const statement = requireProved(token, key);
        const after = settled.clone();
        const amount = addCall(statement, terms, context, call, after);
        return {
          publicOutput: new FoldStatement({
            termsHash: terms.hash(),
            ...context,
            before: settled.root,
            after: after.root,
            amount,
            count: UInt32.one,
          }),
        };
      },
    },
    next: {
      privateInputs: [
        SelfProof,
        TokenProof,
        VerificationKey,
        Terms,
        FoldContext,
        ProvedCall,
        SettledCalls,
      ],
      async method(
        fold: SelfProof<undefined, FoldStatement>,
        token: TokenProof,
        key: VerificationKey,
        terms: Terms,
        context: FoldContext,
        call: ProvedCall,
        settled: SettledCalls,
      ) {
        fold.verify();
        const so = fold.publicOutput;
        // The calls before were of the same account, buyer and terms, and the map is the one that they left.
        so.termsHash.assertEquals(terms.hash(), 'the fold is for other terms');
        so.account.equals(context.account).assertTrue('the fold is for another account');
        so.buyer.equals(context.buyer).assertTrue('the fold is for another buyer');
        so.after.assertEquals(settled.root, 'the fold does not end where this call begins');
        const statement = requireProved(token, key);
        const after = settled.clone();
        const amount = so.amount.add(addCall(statement, terms, context, call, after));
        return {
          publicOutput: new FoldStatement({
            ...so,
            after: after.root,
            amount,
            count: so.count.add(1),
          }),
        };
      },
    },
  },
});

export class FoldProof extends ZkProgram.Proof(FoldProgram) {}
