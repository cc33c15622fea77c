/**
 * Opens a token of credits with its vault: one proof. Asked again with the same keys, it finds what is there. The payer is
 * the seller, and pays for three accounts.
 */
import { UInt32 } from 'o1js';
import { ISSUE_ACCOUNTS, checkIssue, issueCredits } from '../credit_opening.js';
import { useCreditVault } from '../credit_vault.js';
import { ACCOUNT_CREATION_FEE } from '../protocol.js';
import { pinnedKeys } from '../verification_keys.js';
import { fetchCredit } from './credits.js';
import { ToolError } from './errors.js';
import { run, type Tool } from './run.js';

export const tool: Tool = async (request, session) => {
  useCreditVault();
  const [tokenKey, vaultKey] = [request.key('token_key'), request.key('vault_key')];
  const payer = session.payer.toPublicKey();
  const issue = {
    payer,
    token: tokenKey.toPublicKey(),
    vault: vaultKey.toPublicKey(),
    seller: payer,
    cap: request.amount('cap'),
    backing: request.amount('backing'),
    expiry: UInt32.from(request.whole('expiry', 1, 2 ** 32 - 1)),
    symbol: request.text('symbol'),
    uri: request.url('uri'),
    verificationKeys: pinnedKeys(),
  };
  checkIssue(issue);
  const told = { token: issue.token.toBase58(), vault: issue.vault.toBase58() };
  const found = await session.findAccount(issue.token);
  if (found !== undefined) {
    const view = await fetchCredit(session, issue.token);
    const same =
      view.seller.equals(payer).toBoolean() &&
      view.vault.address.equals(issue.vault).toBoolean() &&
      view.cap === issue.cap.toBigInt() &&
      view.backing === issue.backing.toBigInt() &&
      view.expiry === issue.expiry.toBigint() &&
      found.tokenSymbol === issue.symbol &&
      found.zkapp!.zkappUri === issue.uri;
    if (!same)
      throw new ToolError('wrong-account', 'the token is issued already, with other terms');
    return { status: 'already-issued', ...told };
  }
  const slot = BigInt(await session.currentSlot());
  if (issue.expiry.toBigint() <= slot)
    throw new ToolError(
      'bad-request',
      `expiry: expected a slot after ${slot}, got ${issue.expiry.toBigint()}`,
    );
  await session.covers(ISSUE_ACCOUNTS * ACCOUNT_CREATION_FEE);
  await session.compile('FungibleToken');
  const sent = await session.send(() => issueCredits(issue), [tokenKey, vaultKey]);
  return { ...sent, ...told };
};

if (import.meta.main) await run(tool);
