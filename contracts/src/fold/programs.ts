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
import { pinnedPrograms } from '../token/pins.js';
import { TokenStatement } from '../token/statement.js';
import { FoldContext, ProvedCall, addCall } from './call.js';
import { SettledCalls } from './settled.js';
import { FoldStatement } from './statement.js';

/** Gates of the token's programs: pinned by a test, because a proof with others cannot be verified. */
export const TOKEN_FEATURES: FeatureFlags = {
  rangeCheck0: true,
  rangeCheck1: true,
  foreignFieldAdd: false,
  foreignFieldMul: false,
  xor: false,
  rot: true,
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
  const { gitlab, github } = pinnedPrograms();
  const known = [gitlab, github].map((pinned) => key.hash.equals(Field(pinned.key.hash)));
  known[0]!.or(known[1]!).assertTrue('the token is not proved by a program of these tokens');
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
