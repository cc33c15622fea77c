// What this page asks a Mina node for. Its answers are bounded, checked, and believed as little as can be.
import {
  accountQuery,
  checkAccount,
  checkNode,
  checkTip,
  type AccountView,
  type Settled,
} from '../../../shared/src/chain/account.ts';
import { CODE, TOKEN_CODE } from '../../../shared/src/chain/opening.ts';
import { AccountRefused, NodeUnavailable } from '../../../shared/src/errors.ts';
import type { Command } from '../../../shared/src/chain/transaction.ts';
import { isObject, type JsonObject } from '../../../shared/src/json.ts';
import * as read from '../../../shared/src/read.ts';
import { ask, ServiceError } from '../service/api.ts';
import type { Terms } from '../service/offer.ts';
import { message, type Unit } from '../format.ts';

// Of the newest blocks, with the hash of each zkApp command in them.
const BLOCKS = 20;
const MAX_SHOWN = 300;
const MAX_NONCE = 2 ** 32 - 1;

/** An account as it pays: what it has, and the number of its next transaction. */
export interface Payer {
  balance: bigint;
  nonce: number;
}

/** How a transaction stands that was sent. */
export type Standing =
  | { state: 'waiting' }
  | { state: 'included'; height: number }
  | { state: 'failed'; why: string }
  /** Its nonce was used by the newest block, of this height, and it stands in none of the newest ones. */
  | { state: 'gone'; height: number };

/**
 * The prepaid account, once every property was checked. Null where nothing is at the address, by a node that follows the
 * network, on which seller and operator can be paid, up to this height at least.
 */
export async function accountOnChain(
  node: string,
  address: string,
  terms: Terms,
  unit: Unit,
  settled?: Settled,
  from = 0,
): Promise<AccountView | null> {
  const answer = await asked(node, accountQuery(address, terms));
  const now = Math.floor(Date.now() / 1000);
  const token = { ...unit, code: TOKEN_CODE };
  try {
    const view =
      answer['account'] === null
        ? null
        : checkAccount(answer, { address, terms, code: CODE.hash, token, settled });
    const tip = view?.tip ?? checkNode(answer, terms);
    checkTip(tip, now);
    if (tip.height < from)
      throw new NodeUnavailable(`node: expected block ${from} or a later one, got ${tip.height}`);
    return view;
  } catch (error) {
    throw error instanceof NodeUnavailable ? unavailable(node, error.message) : error;
  }
}

/** Throws where the account does not exist: then it can pay for nothing. */
export async function payerOnChain(node: string, address: string, network: string): Promise<Payer> {
  const answer = await asked(
    node,
    'query($key:PublicKey!){syncStatus networkID account(publicKey:$key){nonce inferredNonce balance{total}}}',
    { key: address },
  );
  requireNetwork(node, answer, network);
  const account = answer['account'];
  if (account === null)
    throw new AccountRefused(
      `${address} has no account on ${network}. Have MINA sent to it first.`,
    );
  if (!isObject(account) || !isObject(account['balance'])) throw unavailable(node, UNREADABLE);
  try {
    return {
      balance: read.decimal(account['balance'], 'total', read.MAX_UINT64),
      // With what waits in the node's pool, so that a second transaction does not take the first one's place.
      nonce: nonceOf(account['inferredNonce'] ?? account['nonce']),
    };
  } catch {
    throw unavailable(node, UNREADABLE);
  }
}

/** True if something is at this address, whatever it is. */
export async function existsOnChain(node: string, address: string): Promise<boolean> {
  const query = 'query($key:PublicKey!){account(publicKey:$key){publicKey}}';
  const answer = await asked(node, query, { key: address });
  if (!('account' in answer)) throw unavailable(node, UNREADABLE);
  return answer['account'] !== null;
}

/** Sends it; the transaction's hash, as the node says it. */
export async function send(node: string, command: Command): Promise<string> {
  const answer = await asked(
    node,
    'mutation($input:SendZkappInput!){sendZkapp(input:$input){zkapp{hash}}}',
    { input: { zkappCommand: command as unknown as JsonObject } },
  );
  const { sendZkapp } = answer;
  const hash =
    isObject(sendZkapp) && isObject(sendZkapp['zkapp']) ? sendZkapp['zkapp']['hash'] : '';
  if (typeof hash !== 'string' || !/^5J[1-9A-HJ-NP-Za-km-z]{30,60}$/.test(hash))
    throw unavailable(node, 'It took the transaction and told no hash of it.');
  return hash;
}

/** What became of a transaction of this payer with this nonce. */
export async function standing(
  node: string,
  sent: { hash: string; payer: string; nonce: number; network: string },
): Promise<Standing> {
  const answer = await asked(
    node,
    'query($key:PublicKey!){syncStatus networkID account(publicKey:$key){nonce} ' +
      `bestChain(maxLength:${BLOCKS}){protocolState{consensusState{blockHeight}} ` +
      'transactions{zkappCommands{hash failureReason{failures}}}}}',
    { key: sent.payer },
  );
  requireNetwork(node, answer, sent.network);
  const blocks = Array.isArray(answer['bestChain']) ? answer['bestChain'].filter(isObject) : [];
  for (const block of blocks) {
    const found = commandsOf(block).find(({ hash }) => hash === sent.hash);
    if (found) {
      const why = failuresOf(found['failureReason']);
      return why ? { state: 'failed', why } : { state: 'included', height: heightOf(block) };
    }
  }
  const account = answer['account'];
  const next = isObject(account) ? nonceOf(account['nonce']) : 0;
  if (next <= sent.nonce) return { state: 'waiting' };
  return { state: 'gone', height: Math.max(0, ...blocks.map(heightOf)) };
}

const UNREADABLE = 'It answers in another form than it was asked for.';

function commandsOf(block: JsonObject): JsonObject[] {
  const { transactions } = block;
  const all = isObject(transactions) ? transactions['zkappCommands'] : [];
  return Array.isArray(all) ? all.filter(isObject) : [];
}

function heightOf({ protocolState }: JsonObject): number {
  const state = isObject(protocolState) ? protocolState['consensusState'] : undefined;
  return Number(isObject(state) ? state['blockHeight'] : 0);
}

/** The network's words for each update that failed; empty where none did. */
function failuresOf(value: unknown): string {
  const parts = Array.isArray(value) ? value.filter(isObject) : [];
  const words = parts.flatMap(({ failures }) => (Array.isArray(failures) ? failures : []));
  return [...new Set(words.map(String))].join(', ').slice(0, MAX_SHOWN);
}

function requireNetwork(node: string, answer: JsonObject, network: string): void {
  const { syncStatus, networkID } = answer;
  if (networkID !== network)
    throw unavailable(
      node,
      `It is of another network: expected ${network}, got ${shown(networkID)}.`,
    );
  if (syncStatus !== 'SYNCED')
    throw unavailable(node, `It does not follow the network now: it says ${shown(syncStatus)}.`);
}

function nonceOf(value: unknown): number {
  const nonce = Number(value);
  if (!/^\d{1,10}$/.test(String(value)) || nonce > MAX_NONCE) throw new Error('no nonce');
  return nonce;
}

async function asked(node: string, query: string, variables: JsonObject = {}): Promise<JsonObject> {
  let answer: unknown;
  try {
    answer = await ask(node, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ query, variables }),
    });
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    throw unavailable(node, message(error));
  }
  const { data, errors } = isObject(answer) ? answer : {};
  const first = Array.isArray(errors) ? errors.find(isObject) : undefined;
  if (first) throw new NodeRefused(`${hostOf(node)} refuses: ${shown(first['message'])}`);
  if (!isObject(data)) throw unavailable(node, UNREADABLE);
  return data;
}

/** The node understood the question, and says no. */
export class NodeRefused extends Error {}

function unavailable(node: string, words: string): NodeUnavailable {
  return new NodeUnavailable(`The Mina node ${hostOf(node)} cannot be used now. ${words}`);
}

export function hostOf(node: string): string {
  return new URL(node).host;
}

function shown(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, MAX_SHOWN) : 'something else';
}
