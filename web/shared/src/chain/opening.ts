// Opening a prepaid account and adding to it: signatures only, no proof. The same account updates as
// contracts/src/opening.ts makes.
import keys from '../../../../contracts/verification_keys.json' with { type: 'json' };
import { keyFields, MINA } from '../mina.ts';
import { termsHash } from '../verification/documents.ts';
import { PERMISSIONS, STATE_FIELDS, TRANSACTION_VERSION, type TermsOf } from './account.ts';
import { commandOf, emptyUpdate, type Command, type FeePayer, type Update } from './transaction.ts';

/** The pinned code of the accounts, with its hash as a decimal number. */
export const CODE = keys.PrepaidAccount;
/** The hash of the one code that a token's owner may have. */
export const TOKEN_CODE = keys.FungibleToken.hash;
/** What a new account costs, in nanomina. */
export const CREATION_FEE = 1_000_000_000n;
const EXIT_SLOT = 4;

/** Opens an account for the payer's own calls. Payer and account sign; the account's key never again (A2). */
export function openingCommand(
  payer: FeePayer,
  opening: { account: string; terms: TermsOf; deposit: bigint },
): Command {
  const { account, terms, deposit } = opening;
  const buyer = payer.address;
  if (terms.asset !== MINA)
    throw new Error('Opening an account in a token takes a proof, which the command makes.');
  if (new Set([buyer, account, terms.oracle]).size !== 3)
    throw new Error('Buyer, account and oracle need a key each.');
  const update = signedBy(account);
  const state = [termsHash(terms), ...keyFields(buyer)].map(String);
  update.body.balanceChange = { magnitude: String(deposit), sgn: 'Positive' };
  update.body.update = {
    ...update.body.update,
    appState: Array.from({ length: STATE_FIELDS }, (_, at) => state[at] ?? '0'),
    verificationKey: { data: CODE.data, hash: CODE.hash },
    permissions: permissions() as unknown as NonNullable<Update['body']['update']['permissions']>,
  };
  // A second opening of the same address fails here already, before its permissions are asked.
  update.body.preconditions.account.isNew = true;
  return commandOf(payer, [paying(buyer, deposit + CREATION_FEE), update]);
}

/** Adds a deposit to an account that nobody leaves. The payer signs, whoever it is (A5). */
export function depositCommand(payer: FeePayer, account: string, amount: bigint): Command {
  const update = emptyUpdate(account);
  update.body.balanceChange = { magnitude: String(amount), sgn: 'Positive' };
  update.body.preconditions.account.state[EXIT_SLOT] = '0';
  return commandOf(payer, [update, paying(payer.address, amount)]);
}

function permissions(): object {
  const setVerificationKey = { auth: 'Impossible', txnVersion: TRANSACTION_VERSION };
  return { ...PERMISSIONS, setVerificationKey };
}

function paying(payer: string, amount: bigint): Update {
  const update = signedBy(payer);
  update.body.balanceChange = { magnitude: String(amount), sgn: 'Negative' };
  return update;
}

/** The signature covers fee payer and memo too and is used up with them, so no nonce grows. */
function signedBy(address: string): Update {
  const update = emptyUpdate(address);
  update.body.useFullCommitment = true;
  update.body.authorizationKind = { ...update.body.authorizationKind, isSigned: true };
  return update;
}
