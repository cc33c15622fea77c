// zkApp commands that need signatures only: made, read, signed and compared, by mina-signer's own layout of them.
//
// mina-signer 3.1.0 has the layout of the protocol before Mesa, as o1js 2.15 and the Auro wallet have; version 4 signs
// another one. A test compares what is made here with what o1js makes of the contracts' own opening.
import {
  AccountUpdate as Layout,
  ZkappCommand as CommandLayout,
} from '../../../../node_modules/mina-signer-3/dist/node/bindings/mina-transaction/gen/v1/transaction-bigint.js';
import type { Json as Texts } from '../../../../node_modules/mina-signer-3/dist/node/bindings/mina-transaction/gen/v1/transaction-bigint.js';
import { Memo } from '../../../../node_modules/mina-signer-3/dist/node/mina-signer/src/memo.js';
import {
  signZkappCommand,
  transactionCommitments,
  verifyAccountUpdateSignature,
} from '../../../../node_modules/mina-signer-3/dist/node/mina-signer/src/sign-zkapp-command.js';
import { PublicKey } from '../../../../node_modules/mina-signer-3/dist/node/mina-signer/src/curve-bigint.js';
import {
  Signature,
  verifyFieldElement,
} from '../../../../node_modules/mina-signer-3/dist/node/mina-signer/src/signature.js';
import { canonical, type Json } from '../json.ts';

export type Command = Texts.ZkappCommand;
export type Update = Texts.AccountUpdate;

/** Who pays the fee, and what that signature covers beside the account updates. */
export interface FeePayer {
  address: string;
  /** Nanomina. */
  fee: bigint;
  nonce: number;
}

const NETWORKS: Record<string, 'devnet' | 'mainnet'> = {
  'mina:devnet': 'devnet',
  'mina:mainnet': 'mainnet',
};
// Of the command as text: an opening has 7 KB, nearly all of it the code's verification key.
export const MAX_COMMAND_LENGTH = 64 * 1024;
// In place of a signature that is still to be made: what o1js writes there, and wallets expect.
const NO_SIGNATURE =
  '7mWxjLYgbJUkZNcGouvhVj5tJ8yu9hoexb9ntvPK8t5LHqzmrL6QJjjKtf5SgmxB4QWkDw7qoMMbbNGtHVpsbJHPyTy2EzRQ';
const EMPTY_MEMO = Memo.toBase58(Memo.empty());

/** An account update that changes nothing and needs no authorization. */
export function emptyUpdate(address: string): Update {
  const update = Layout.toJSON(Layout.empty());
  return { ...update, body: { ...update.body, publicKey: address } };
}

/** The command, which nobody has signed yet. */
export function commandOf({ address, fee, nonce }: FeePayer, accountUpdates: Update[]): Command {
  const body = { publicKey: address, fee: String(fee), validUntil: null, nonce: String(nonce) };
  return { feePayer: { body, authorization: NO_SIGNATURE }, accountUpdates, memo: EMPTY_MEMO };
}

/** Signed with this key, wherever it is the fee payer's or an update's that takes a signature. */
export function signCommand(command: Command, secret: string, network: string): Command {
  return signZkappCommand(command, secret, networkOf(network));
}

/** A command out of a wallet's text, in the one form that its members have. Throws where it is none. */
export function parseCommand(text: string): Command {
  if (text.length > MAX_COMMAND_LENGTH) throw new Error('The wallet returned too long a text.');
  try {
    const value = JSON.parse(text) as { zkappCommand?: Command };
    return CommandLayout.toJSON(CommandLayout.fromJSON(value.zkappCommand ?? (value as Command)));
  } catch {
    throw new Error('The wallet returned something else than a signed transaction.');
  }
}

/** True if both would do the same to the same accounts; signatures, fee, nonce and memo may differ. */
export function sameUpdates(one: Command, other: Command): boolean {
  const written = ({ accountUpdates }: Command) =>
    canonical(accountUpdates.map(({ body }) => body) as unknown as Json);
  return written(normal(one)) === written(normal(other));
}

/** The addresses whose signature over this command is missing or does not hold; the fee payer's comes first. */
export function unsigned(command: Command, network: string): string[] {
  const id = networkOf(network);
  const parsed = CommandLayout.fromJSON(command);
  const commitments = transactionCommitments(parsed, id);
  const { body, authorization } = parsed.feePayer;
  const { fullCommitment } = commitments;
  const payer = () =>
    verifyFieldElement(Signature.fromBase58(authorization), fullCommitment, body.publicKey, id);
  const updates = parsed.accountUpdates
    .filter((update) => update.body.authorizationKind.isSigned)
    .map((update) => ({
      address: PublicKey.toBase58(update.body.publicKey),
      holds: () => verifyAccountUpdateSignature(update, commitments, id),
    }));
  return [{ address: command.feePayer.body.publicKey, holds: payer }, ...updates]
    .filter(({ holds }) => !succeeds(holds))
    .map(({ address }) => address);
}

/** False also where a signature is none. */
function succeeds(check: () => boolean): boolean {
  try {
    return check();
  } catch {
    return false;
  }
}

/** What somebody who signs this command signs, in numbers. */
export interface Decoded {
  from: string;
  /** Nanomina. */
  fee: bigint;
  nonce: number;
  /** As text; empty for none. */
  memo: string;
  /** The last slot in which it may be taken; null for any. */
  validUntil: string | null;
  /** By address: what each account gets, negative for what it pays. The fee is not in it. */
  changes: Map<string, bigint>;
  /** The address whose code is set, and the hash of that code. */
  code: { address: string; hash: string } | null;
}

export function decoded(command: Command): Decoded {
  const { publicKey, fee, nonce, validUntil } = command.feePayer.body;
  const changes = new Map<string, bigint>();
  let code: Decoded['code'] = null;
  for (const { body } of command.accountUpdates) {
    const { magnitude, sgn } = body.balanceChange;
    const change = sgn === 'Positive' ? BigInt(magnitude) : -BigInt(magnitude);
    changes.set(body.publicKey, (changes.get(body.publicKey) ?? 0n) + change);
    const key = body.update.verificationKey;
    if (key) code = { address: body.publicKey, hash: key.hash };
  }
  return {
    from: publicKey,
    fee: BigInt(fee),
    nonce: Number(nonce),
    memo: Memo.toString(Memo.fromBase58(command.memo)),
    validUntil,
    changes,
    code,
  };
}

function normal(command: Command): Command {
  return CommandLayout.toJSON(CommandLayout.fromJSON(command));
}

function networkOf(network: string): 'devnet' | 'mainnet' {
  const id = Object.hasOwn(NETWORKS, network) ? NETWORKS[network] : undefined;
  if (!id) throw new Error(`network: expected a Mina network, got ${network.slice(0, 40)}`);
  return id;
}
