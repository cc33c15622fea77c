/** Every kind of account update, under every authorization a key can give, against an account that must not move. */
import assert from 'node:assert/strict';
import { AccountUpdate, Bool, Field, Mina, Permissions, UInt32, UInt64 } from 'o1js';
import { pinnedKeys } from '../verification_keys.js';
import { MINA, type Party, type World } from './world.js';

/** A chain with somebody on it who owns nothing of what is attacked. */
export type Place = Pick<World, 'chain' | 'stranger'>;

/** What an update tries. `events` and `access` are not here: they differ between account and offer. */
export const CHANGES: Record<string, (update: AccountUpdate, thief: Party) => void> = {
  state: (update) => AccountUpdate.setValue(update.update.appState[2]!, Field(0)),
  'verification key': (update) => {
    const { data, hash } = pinnedKeys().Offer;
    update.account.verificationKey.set({ data, hash: Field(hash) });
  },
  permissions: (update) => update.account.permissions.set(Permissions.allImpossible()),
  timing: (update) =>
    update.account.timing.set({
      initialMinimumBalance: UInt64.from(MINA),
      cliffTime: UInt32.from(100_000),
      cliffAmount: UInt64.from(MINA),
      vestingPeriod: UInt32.from(1),
      vestingIncrement: UInt64.zero,
    }),
  delegate: (update, thief) => update.account.delegate.set(thief.address),
  uri: (update) => update.account.zkappUri.set('https://elsewhere.example'),
  'token symbol': (update) => update.account.tokenSymbol.set('STOLEN'),
  'voting for': (update) => update.account.votingFor.set(Field(1)),
  actions: (update) => {
    update.body.actions = AccountUpdate.Actions.pushEvent(update.body.actions, [Field(1)]);
  },
  nonce: (update) => {
    update.body.incrementNonce = Bool(true);
  },
  payment: (update, thief) => update.send({ to: thief.address, amount: MINA }),
};

export interface Attempt {
  signed: boolean;
  fullCommitment: boolean;
  /** Past o1js's own check of permissions, straight into the ledger. */
  raw: boolean;
}

export const ATTEMPTS: Attempt[] = [true, false].flatMap((signed) =>
  [true, false].flatMap((fullCommitment) =>
    [true, false].map((raw) => ({ signed, fullCommitment, raw })),
  ),
);

const REFUSAL = /Update_not_permitted_|because permission for this field is/;

/** One update of `target` with one change, sent by the stranger. */
export async function attempt(
  world: Place,
  target: Party,
  change: (update: AccountUpdate, thief: Party) => void,
  { signed, fullCommitment, raw }: Attempt,
): Promise<void> {
  const thief = world.stranger;
  const tx = await Mina.transaction({ sender: thief.address, fee: 1e8 }, async () => {
    const update = AccountUpdate.create(target.address);
    if (signed) update.requireSignature();
    update.body.useFullCommitment = Bool(fullCommitment);
    update.body.incrementNonce = Bool(false);
    const anyNonce = { lower: UInt32.zero, upper: UInt32.MAXINT() };
    update.body.preconditions.account.nonce = { isSome: Bool(false), value: anyNonce };
    change(update, thief);
  });
  tx.sign([thief.key, target.key]);
  if (raw) world.chain.applyJsonTransaction(tx.toJSON());
  else await tx.send();
}

/** Asserts that a change is refused in every attempt and leaves the account as it was. */
export async function assertRefused(
  world: Place,
  target: Party,
  change: (update: AccountUpdate, thief: Party) => void,
  attempts = ATTEMPTS,
): Promise<void> {
  const account = () => JSON.stringify(Mina.getAccount(target.address));
  const before = account();
  for (const each of attempts) {
    await assert.rejects(attempt(world, target, change, each), REFUSAL, JSON.stringify(each));
    assert.equal(account(), before, JSON.stringify(each));
  }
}
