/** Why a tool gave up. `type` is stable; `detail` is for people and holds no secret. */
const TITLES = {
  'bad-request': 'The request is not as the tool expects it',
  'node-unavailable': 'The Mina node cannot be reached or does not answer as one',
  'account-missing': 'There is no such account',
  'receiver-missing': 'Whoever is paid has no account in this asset',
  'wrong-account': 'The account is not what the request says',
  'already-open': 'The account is open already',
  'too-little': 'The payer has too little money',
  'not-owed': 'The statements do not allow this settlement',
  'not-yet': 'It is too early, or nothing to do yet',
  'proof-failed': 'The contract refuses this call',
  refused: 'The node refuses the transaction',
  failed: 'The transaction is in a block, and failed there',
  'not-included': 'The transaction was sent, and is in no block yet',
  fault: 'The tool has a fault',
} as const;

export type ErrorType = keyof typeof TITLES;

export class ToolError extends Error {
  constructor(
    readonly type: ErrorType,
    detail: string,
    options?: ErrorOptions,
  ) {
    super(detail, options);
  }

  toJSON(): { type: ErrorType; title: string; detail: string } {
    return { type: this.type, title: TITLES[this.type], detail: this.message };
  }
}
