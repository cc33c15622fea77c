/** Answers to the queries of `schema.ts`, in the forms a Mina node gives them. */
import type { Archive, Emitted, EmittedActions } from './archive.js';
import { hashText } from './base58.js';
import type { Block } from './block.js';
import type { Chain } from './blocks.js';
import { Refused } from './errors.js';
import { DEFAULT_TOKEN, type AccountJson, type Command } from './ledger.js';

/** Constants of the network that this chain stands in for. */
const SLOT_MS = 180_000;
const ACCOUNT_CREATION_FEE = 1_000_000_000n;
const SLOTS_PER_EPOCH = 7140;
const K = 290;
const COINBASE = 720_000_000_000n;
const MAX_BLOCKS = 290;
const NETWORK_ID = 'mina:devnet';
const ZERO_LEDGER = hashText('ledgerHash', 0n);
const ZERO_STATE = hashText('stateHash', 0n);
const EPOCH_DATA = {
  ledger: { hash: ZERO_LEDGER, totalCurrency: '0' },
  seed: hashText('epochSeed', 0n),
  startCheckpoint: ZERO_STATE,
  lockCheckpoint: ZERO_STATE,
  epochLength: '0',
};

interface ArchiveFilter {
  address: string;
  tokenId?: string;
  from?: number;
  to?: number;
  fromActionState?: string;
  endActionState?: string;
}

export function createResolvers(chain: Chain): Record<string, unknown> {
  return {
    syncStatus: () => 'SYNCED',
    networkID: () => NETWORK_ID,
    daemonStatus: () => daemonStatus(chain),
    genesisConstants: () => ({
      genesisTimestamp: new Date(chain.genesis.timestamp).toISOString(),
      coinbase: String(COINBASE),
      accountCreationFee: String(ACCOUNT_CREATION_FEE),
    }),
    account: ({ publicKey, token }: { publicKey: string; token?: string }) =>
      account(chain, publicKey, token ?? DEFAULT_TOKEN),
    tokenAccounts: ({ tokenId }: { tokenId: string }) =>
      chain.tokens
        .accountsOf(tokenId)
        .map(({ address, token }) => account(chain, address, token))
        .filter((found) => found !== null),
    tokenOwner: ({ tokenId }: { tokenId: string }) => {
      const owner = chain.tokens.ownerOf(tokenId);
      return owner === undefined ? null : account(chain, owner.address, owner.token);
    },
    bestChain: ({ maxLength }: { maxLength?: number }) =>
      chain.newest(Math.min(Math.max(maxLength ?? MAX_BLOCKS, 1), MAX_BLOCKS)).map(block),
    block: (query: { height?: number; stateHash?: string }) => findBlock(chain, query),
    pooledZkappCommands: ({ publicKey }: { publicKey?: string }) =>
      chain.pendingCommands(publicKey).map(command),
    transactionStatus: ({
      zkappTransaction,
      payment,
    }: {
      zkappTransaction?: string;
      payment?: string;
    }) => chain.statusOf(zkappTransaction ?? payment ?? ''),
    events: ({ input }: { input: ArchiveFilter }) => events(chain, chain.archive, input),
    actions: ({ input }: { input: ArchiveFilter }) => actions(chain, chain.archive, input),
    sendZkapp: async ({ input }: { input: { zkappCommand: unknown } }) => ({
      zkapp: command(await chain.submit(input.zkappCommand)),
    }),
    sendPayment: () => {
      throw new Refused(
        'this chain applies no plain payments: send a zkApp command with a signed transfer instead',
      );
    },
  };
}

function daemonStatus(chain: Chain) {
  return {
    syncStatus: 'SYNCED',
    chainId: chain.blocks[0]!.stateHash,
    blockchainLength: chain.tip.height,
    consensusConfiguration: {
      epochDuration: SLOTS_PER_EPOCH * SLOT_MS,
      k: K,
      slotDuration: SLOT_MS,
      slotsPerEpoch: SLOTS_PER_EPOCH,
      genesisStateTimestamp: new Date(chain.genesis.timestamp).toISOString(),
    },
  };
}

function account(chain: Chain, address: string, token: string) {
  const state = chain.account(address, token);
  if (state === null) return null;
  const { zkapp, tokenId, balance, delegate, permissions, timing } = state;
  return {
    publicKey: state.publicKey,
    token: tokenId,
    tokenId,
    nonce: state.nonce,
    inferredNonce: chain.inferredNonce(address, token),
    balance: {
      total: balance,
      liquid: balance,
      blockHeight: String(chain.tip.height),
      stateHash: chain.tip.stateHash,
    },
    tokenSymbol: state.tokenSymbol,
    receiptChainHash: hashText('receiptChainHash', BigInt(state.receiptChainHash)),
    timing: vesting(timing),
    permissions,
    delegate,
    delegateAccount: delegate === null ? null : { publicKey: delegate },
    votingFor: hashText('stateHash', BigInt(state.votingFor)),
    zkappState: zkapp?.appState ?? null,
    verificationKey: zkapp?.verificationKey
      ? { verificationKey: zkapp.verificationKey.data, hash: zkapp.verificationKey.hash }
      : null,
    actionState: zkapp?.actionState ?? null,
    provedState: zkapp?.provedState ?? null,
    zkappUri: zkapp?.zkappUri ?? null,
  };
}

/** A node answers null for each field of an account without vesting. */
function vesting({ isTimed, ...fields }: AccountJson['timing']) {
  return isTimed ? fields : {};
}

function block({ height, slot, stateHash, previousStateHash, date, commands }: Block) {
  const epoch = String(Math.floor(slot / SLOTS_PER_EPOCH));
  return {
    stateHash,
    // This chain applies no plain payments.
    transactions: { userCommands: [], zkappCommands: commands.map(command) },
    protocolState: {
      previousStateHash,
      blockchainState: {
        snarkedLedgerHash: ZERO_LEDGER,
        stagedLedgerHash: ZERO_LEDGER,
        date: String(date),
        utcDate: String(date),
        stagedLedgerProofEmitted: false,
      },
      consensusState: {
        blockHeight: String(height),
        slotSinceGenesis: String(slot),
        slot: String(slot % SLOTS_PER_EPOCH),
        epoch,
        epochCount: epoch,
        minWindowDensity: '0',
        totalCurrency: '0',
        nextEpochData: EPOCH_DATA,
        stakingEpochData: EPOCH_DATA,
      },
    },
  };
}

function findBlock(chain: Chain, { height, stateHash }: { height?: number; stateHash?: string }) {
  const match = chain.blocks.find((each) => each.height === height || each.stateHash === stateHash);
  if (match === undefined) throw new Refused('the block is not known');
  return block(match);
}

function command({ hash, json, failure }: Command) {
  return {
    id: hash,
    hash,
    zkappCommand: json,
    failureReason:
      failure && failure.map(({ index, failures }) => ({ index: String(index), failures })),
  };
}

function events(chain: Chain, archive: Archive, input: ArchiveFilter) {
  const emitted = archive
    .eventsOf(input.address, input.tokenId ?? DEFAULT_TOKEN)
    .filter(inRange(input));
  return emitted.map((each) => ({ blockInfo: blockInfo(chain, each), eventData: eventData(each) }));
}

/** From after the given state up to the given one. `actionStateOne` is the state after, `Two` the one before. */
function actions(chain: Chain, archive: Archive, input: ArchiveFilter) {
  const all = archive.actionsOf(input.address, input.tokenId ?? DEFAULT_TOKEN);
  const { fromActionState, endActionState } = input;
  const start =
    fromActionState === undefined
      ? 0
      : all.findIndex(({ before }) => before.toString() === fromActionState);
  const end =
    endActionState === undefined
      ? all.length
      : all.findIndex(({ after }) => after.toString() === endActionState) + 1;
  const emitted = start < 0 ? [] : all.slice(start, end).filter(inRange(input));
  return emitted.map((each: EmittedActions) => ({
    blockInfo: blockInfo(chain, each),
    actionState: { actionStateOne: each.after.toString(), actionStateTwo: each.before.toString() },
    actionData: eventData(each),
  }));
}

function inRange({ from, to }: ArchiveFilter) {
  return ({ block }: Emitted) => block.height >= (from ?? 0) && block.height <= (to ?? Infinity);
}

function blockInfo(chain: Chain, { block }: Emitted) {
  return {
    height: block.height,
    stateHash: block.stateHash,
    parentHash: block.previousStateHash,
    chainStatus: 'canonical',
    timestamp: String(block.date),
    globalSlotSinceGenesis: block.slot,
    distanceFromMaxBlockHeight: chain.tip.height - block.height,
  };
}

function eventData({ command, sequence, updateIds, updates }: Emitted) {
  const transactionInfo = {
    hash: command.hash,
    memo: command.memo,
    status: 'applied',
    sequenceNumber: sequence,
    zkappAccountUpdateIds: updateIds,
  };
  return updates.flatMap(({ id, data }) =>
    data.map((fields) => ({ accountUpdateId: String(id), transactionInfo, data: fields })),
  );
}
