// Putting money into a prepaid account: opening one, or adding to it. What is sent is kept first, and sent again as the
// same bytes, so that nothing is paid twice.
import { CREATION_FEE, depositCommand, openingCommand } from '../../../shared/src/chain/opening.ts';
import { funds, type AccountView } from '../../../shared/src/chain/account.ts';
import type { Command, Decoded } from '../../../shared/src/chain/transaction.ts';
import { fieldHex } from '../../../shared/src/fields.ts';
import { addressOf } from '../../../shared/src/mina.ts';
import { termsHash } from '../../../shared/src/verification/documents.ts';
import { mina, MINA_UNIT, type Unit } from '../format.ts';
import type { Terms } from '../service/offer.ts';
import { keep, accountAt, type Account } from '../state/accounts.ts';
import { keepTransaction, transactions, type Kept } from '../state/transactions.ts';
import type { Wallet } from '../wallet/wallet.ts';
import {
  accountOnChain,
  existsOnChain,
  payerOnChain,
  send,
  standing,
  type Standing,
} from './node.ts';
import { signTransaction, type Change } from './sign_transaction.ts';

/** What this page proposes, in nanomina; the wallet's holder may change it. */
export const FEE = 100_000_000n;

export interface Funding {
  service: string;
  terms: Terms;
  node: string;
  wallet: Wallet;
  /** Nanomina. */
  amount: bigint;
  show: (shown: Decoded | null) => void;
  agree: (changes: Change[], signed: Decoded) => Promise<boolean>;
}

/** Opens an account with this key, which its holder has saved; kept and sent. */
export function openAccount(funding: Funding, accountKey: string): Promise<Kept> {
  return alone(async () => {
    const account = addressOf(accountKey);
    const { node, terms, amount, wallet } = funding;
    const before = accountAt(account); // the page could not take what was paid for
    if (before && before.known.highest > 0n) requireSame(before, terms, MINA_UNIT);
    if (before && before.terms !== fieldHex(termsHash(terms)))
      throw new Error(
        `Expected the key of a new account, got that of one of other terms, which is kept here in ${before.unit.symbol} on ${before.document?.network ?? 'a network that is not known here'}: only its own terms leave it. Make a new key, or forget that one under Accounts first.`,
      );
    requireNoneWaiting(account);
    if (await existsOnChain(node, account))
      throw new Error(
        'Something is at this key’s address already. If you opened this account before, choose “I have opened it before”; else make a new key.',
      );
    // As the command does: nobody could be paid for a run, and the deposit would be kept for the exit delay.
    await accountOnChain(node, account, terms, MINA_UNIT);
    const payer = await solvent(funding, amount + CREATION_FEE);
    const command = openingCommand(payer, { account, terms, deposit: amount });
    const complete = await signTransaction({
      ...funding,
      command,
      network: terms.network,
      accountKey,
      agree: againSolvent(funding, amount + CREATION_FEE),
    });
    return sent(funding, wallet, 'open', account, complete);
  });
}

/** Adds to an open account; kept and sent. */
export function topUp(funding: Funding, account: string): Promise<Kept> {
  return alone(async () => {
    const { node, terms, amount, wallet } = funding;
    requireNoneWaiting(account);
    const view = await accountOnChain(node, account, terms, MINA_UNIT);
    if (view === null) throw new Error('There is no such account on the network.');
    if (view.exitSlot !== 0)
      throw new Error('This account is being left: no run could use what is put in.');
    const payer = await solvent(funding, amount);
    const command = depositCommand(payer, account, amount);
    const complete = await signTransaction({
      ...funding,
      command,
      network: terms.network,
      agree: againSolvent(funding, amount),
    });
    return sent(funding, wallet, 'topup', account, complete, { funds: String(funds(view)) });
  });
}

/** The same bytes once more: whichever of them comes first uses up the payer's nonce. */
export async function sendAgain(kept: Kept, node: string): Promise<Kept> {
  const hash = await send(node, JSON.parse(kept.command) as Command);
  const again = { ...kept, node, hash };
  // Not kept anew where it was seen in a block meanwhile.
  if (transactions().some(({ command }) => command === kept.command)) keepTransaction(again);
  return again;
}

/** What became of it. The account itself decides: nodes show their newest blocks alone, and of a lost answer no hash is known. */
export async function standingOf(node: string, kept: Kept): Promise<Standing> {
  const { kind, hash, payer, nonce, document } = kept;
  let height = kind === 'open' ? await arrived(node, kept) : undefined;
  if (height !== undefined) return { state: 'included', height };
  const now = await standing(node, { hash, payer, nonce, network: document.network });
  if (now.state === 'gone') height = await arrived(node, kept, now.height);
  return height === undefined ? now : { state: 'included', height };
}

/**
 * The block in which the account shows the money; without an exit only deposits add to its funds, a stranger's too.
 *
 * Throws where the answer is of a block before `from`: several nodes share one address, and one of them may be behind.
 */
async function arrived(node: string, kept: Kept, from = 0): Promise<number | undefined> {
  const { kind, account, document, service, amount } = kept;
  if (kind === 'open')
    return (await adopt(node, account, document, service, MINA_UNIT, from))?.tip.height;
  if (kept.funds === undefined) return undefined;
  const view = await accountOnChain(node, account, document, MINA_UNIT, undefined, from);
  const after = BigInt(kept.funds) + BigInt(amount);
  return view !== null && funds(view) >= after ? view.tip.height : undefined;
}

/**
 * The account on the chain, every property checked, kept in this browser as one to pay from.
 *
 * What one node says was settled raises no limit: where more was signed elsewhere, the service shows the signature (A10).
 */
export async function adopt(
  node: string,
  address: string,
  terms: Terms,
  service: string,
  unit: Unit = MINA_UNIT,
  from = 0,
): Promise<AccountView | null> {
  const view = await accountOnChain(node, address, terms, unit, undefined, from);
  if (view === null) return null;
  const before = accountAt(address);
  if (before) requireSame(before, terms, unit);
  keep({
    address,
    terms: fieldHex(termsHash(terms)),
    document: terms,
    seller: terms.seller,
    service,
    unit,
    known: before?.known ?? { committed: 0n, highest: 0n, refused: [] },
  });
  return view;
}

/** Two accounts of one key are in two assets or networks; this browser keeps one, whose terms alone leave it. */
function requireSame(before: Account, terms: Terms, unit: Unit): void {
  const { asset, network } = before.document ?? terms;
  if (asset !== terms.asset || network !== terms.network)
    throw new Error(
      `Expected an account in ${unit.symbol} on ${terms.network}, got one that is kept here in ${before.unit.symbol} on ${network}: what was signed in one is no limit of the other, nor do its terms leave it. Forget that one under Accounts first.`,
    );
}

/** Of two transactions one would fail in its block, or take the other's place in this browser. */
function requireNoneWaiting(account: string): void {
  if (transactions().some((one) => one.account === account))
    throw new Error('Another transaction of this account waits for a block. Let it end first.');
}

/** Two tabs that sign at once would take the same nonce. */
function alone<T>(work: () => Promise<T>): Promise<T> {
  return navigator.locks.request('sealrun:transaction', work) as Promise<T>;
}

/** Who pays, once the money is there: else a block takes the fee and nothing else is done. */
async function solvent({ node, wallet, terms }: Funding, needed: bigint) {
  const { balance, nonce } = await payerOnChain(node, wallet.address, terms.network);
  requireMoney(balance, needed + FEE);
  return { address: wallet.address, fee: FEE, nonce };
}

function againSolvent(funding: Funding, needed: bigint): Funding['agree'] {
  return async (changes, signed) => {
    const { node, wallet, terms } = funding;
    const { balance } = await payerOnChain(node, wallet.address, terms.network);
    requireMoney(balance, needed + signed.fee);
    return funding.agree(changes, signed);
  };
}

function requireMoney(balance: bigint, needed: bigint): void {
  if (balance < needed)
    throw new Error(
      `Your wallet has too little: expected at least ${mina(needed)}, fee included, got ${mina(balance)}.`,
    );
}

async function sent(
  funding: Funding,
  wallet: Wallet,
  kind: Kept['kind'],
  account: string,
  command: Command,
  before: Pick<Kept, 'funds'> = {},
): Promise<Kept> {
  const { service, terms, node, amount } = funding;
  const kept: Kept = {
    kind,
    account,
    service,
    terms: fieldHex(termsHash(terms)),
    document: terms,
    amount: String(amount),
    ...before,
    node,
    command: JSON.stringify(command),
    payer: wallet.address,
    nonce: Number(command.feePayer.body.nonce),
    hash: '',
    at: Math.floor(Date.now() / 1000),
  };
  keepTransaction(kept);
  return sendAgain(kept, node);
}
