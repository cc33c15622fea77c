/** The part of Mina's GraphQL that o1js and sealrun ask for: node and archive at one address. */
import { buildSchema, GraphQLScalarType, valueFromASTUntyped, type GraphQLSchema } from 'graphql';

const SDL = `
  scalar PublicKey
  scalar TokenId
  scalar ZkappCommandInput
  enum SyncStatus { CONNECTING LISTENING OFFLINE BOOTSTRAP SYNCED CATCHUP }
  enum TransactionStatus { INCLUDED PENDING UNKNOWN }

  type Query {
    syncStatus: SyncStatus!
    networkID: String!
    daemonStatus: DaemonStatus!
    genesisConstants: GenesisConstants!
    account(publicKey: PublicKey!, token: TokenId): Account
    tokenAccounts(tokenId: TokenId!): [Account!]!
    tokenOwner(tokenId: TokenId!): Account
    bestChain(maxLength: Int): [Block!]
    block(height: Int, stateHash: String): Block!
    pooledZkappCommands(publicKey: PublicKey): [ZkappCommandResult!]!
    transactionStatus(payment: ID, zkappTransaction: ID): TransactionStatus!
    events(input: EventFilterInput!): [EventOutput]!
    actions(input: ActionFilterInput!): [ActionOutput]!
  }

  type Mutation {
    sendZkapp(input: SendZkappInput!): SendZkappPayload!
    sendPayment(input: SendPaymentInput!, signature: SignatureInput): SendPaymentPayload!
  }

  type DaemonStatus {
    syncStatus: SyncStatus!
    chainId: String!
    blockchainLength: Int
    consensusConfiguration: ConsensusConfiguration!
  }
  type ConsensusConfiguration {
    epochDuration: Int!
    k: Int!
    slotDuration: Int!
    slotsPerEpoch: Int!
    genesisStateTimestamp: String!
  }
  type GenesisConstants { genesisTimestamp: String! coinbase: String! accountCreationFee: String! }

  type Account {
    publicKey: PublicKey!
    token: TokenId!
    tokenId: TokenId!
    nonce: String
    inferredNonce: String
    balance: Balance!
    tokenSymbol: String
    receiptChainHash: String
    timing: Timing!
    permissions: Permissions
    delegate: PublicKey
    delegateAccount: DelegateAccount
    votingFor: String
    zkappState: [String!]
    verificationKey: VerificationKey
    actionState: [String!]
    provedState: Boolean
    zkappUri: String
  }
  type Balance { total: String! liquid: String blockHeight: String! stateHash: String }
  type Timing {
    initialMinimumBalance: String
    cliffTime: String
    cliffAmount: String
    vestingPeriod: String
    vestingIncrement: String
  }
  type Permissions {
    editState: String!
    access: String!
    send: String!
    receive: String!
    setDelegate: String!
    setPermissions: String!
    setVerificationKey: VerificationKeyPermission!
    setZkappUri: String!
    editActionState: String!
    setTokenSymbol: String!
    incrementNonce: String!
    setVotingFor: String!
    setTiming: String!
  }
  type VerificationKeyPermission { auth: String! txnVersion: String! }
  type VerificationKey { verificationKey: String! hash: String! }
  type DelegateAccount { publicKey: PublicKey! }

  type Block {
    stateHash: String!
    protocolState: ProtocolState!
    transactions: Transactions!
  }
  type Transactions { userCommands: [UserCommand!]! zkappCommands: [ZkappCommandResult!]! }
  type PublicKeyHolder { publicKey: String! }
  type UserCommand {
    hash: String!
    kind: String!
    memo: String!
    amount: String!
    failureReason: String
    source: PublicKeyHolder!
    receiver: PublicKeyHolder!
  }
  type ProtocolState {
    previousStateHash: String!
    blockchainState: BlockchainState!
    consensusState: ConsensusState!
  }
  type BlockchainState {
    snarkedLedgerHash: String!
    stagedLedgerHash: String!
    date: String!
    utcDate: String!
    stagedLedgerProofEmitted: Boolean!
  }
  type ConsensusState {
    blockHeight: String!
    slotSinceGenesis: String!
    slot: String!
    epoch: String!
    epochCount: String!
    minWindowDensity: String!
    totalCurrency: String!
    nextEpochData: EpochData!
    stakingEpochData: EpochData!
  }
  type EpochData {
    ledger: EpochLedger!
    seed: String!
    startCheckpoint: String!
    lockCheckpoint: String!
    epochLength: String!
  }
  type EpochLedger { hash: String! totalCurrency: String! }

  input SendZkappInput { zkappCommand: ZkappCommandInput! }
  type SendZkappPayload { zkapp: ZkappCommandResult! }
  type ZkappCommandResult {
    id: ID!
    hash: String!
    failureReason: [FailureReason!]
    zkappCommand: ZkappCommand!
  }
  type FailureReason { index: String failures: [String!]! }
  type ZkappCommand { memo: String! feePayer: FeePayer! accountUpdates: [AccountUpdate!]! }
  type FeePayer { body: FeePayerBody! authorization: String! }
  type FeePayerBody { publicKey: PublicKey! fee: String! nonce: String! validUntil: String }
  type AccountUpdate { body: AccountUpdateBody! }
  type AccountUpdateBody {
    publicKey: PublicKey!
    tokenId: TokenId!
    useFullCommitment: Boolean!
    incrementNonce: Boolean!
    balanceChange: BalanceChange!
  }
  type BalanceChange { magnitude: String! sgn: String! }

  input SendPaymentInput {
    from: PublicKey!
    to: PublicKey!
    amount: String!
    fee: String!
    nonce: String
    memo: String
    validUntil: String
  }
  input SignatureInput { field: String scalar: String rawSignature: String }
  type SendPaymentPayload { payment: Payment! }
  type Payment { id: ID! hash: String! }

  input EventFilterInput { address: String! tokenId: String from: Int to: Int }
  input ActionFilterInput {
    address: String!
    tokenId: String
    from: Int
    to: Int
    fromActionState: String
    endActionState: String
  }
  type BlockInfo {
    height: Int!
    stateHash: String!
    parentHash: String!
    chainStatus: String!
    timestamp: String!
    globalSlotSinceGenesis: Int!
    distanceFromMaxBlockHeight: Int!
  }
  type TransactionInfo {
    hash: String!
    memo: String!
    status: String!
    sequenceNumber: Int!
    zkappAccountUpdateIds: [Int!]!
  }
  type EventOutput { blockInfo: BlockInfo! eventData: [EventData]! }
  type EventData { accountUpdateId: String! transactionInfo: TransactionInfo! data: [String!]! }
  type ActionOutput { blockInfo: BlockInfo! actionState: ActionStates! actionData: [EventData]! }
  type ActionStates { actionStateOne: String! actionStateTwo: String! }
`;

/** Literals of any shape: o1js writes the whole command into the query. */
export function createSchema(): GraphQLSchema {
  const schema = buildSchema(SDL);
  const command = schema.getType('ZkappCommandInput');
  if (!(command instanceof GraphQLScalarType)) throw new Error('the schema has no command input');
  command.parseLiteral = (node, variables) => valueFromASTUntyped(node, variables);
  return schema;
}
