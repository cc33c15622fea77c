/** Events and actions of the commands that were applied; failed ones leave none. */
import { AccountUpdate, Field, type Types } from 'o1js';
import type { Block } from './block.js';
import type { Command } from './ledger.js';

type Update = Types.Json.AccountUpdate;

export interface Emitted {
  block: Block;
  command: Command;
  /** Place of the command in its block. */
  sequence: number;
  /** Ids of all account updates of the command, in order. */
  updateIds: number[];
  updates: { id: number; data: string[][] }[];
}

export interface EmittedActions extends Emitted {
  before: Field;
  after: Field;
}

export class Archive {
  private readonly events = new Map<string, Emitted[]>();
  private readonly actions = new Map<string, EmittedActions[]>();
  private nextId = 1;

  /** Called for each block, in order. */
  add(block: Block): void {
    block.commands.forEach((command, sequence) => {
      if (command.failure === null) this.addCommand(block, command, sequence);
    });
  }

  eventsOf(address: string, token: string): Emitted[] {
    return this.events.get(key(address, token)) ?? [];
  }

  actionsOf(address: string, token: string): EmittedActions[] {
    return this.actions.get(key(address, token)) ?? [];
  }

  private addCommand(block: Block, command: Command, sequence: number): void {
    const updates = command.json.accountUpdates.map((update) => ({ id: this.nextId++, update }));
    const common = { block, command, sequence, updateIds: updates.map(({ id }) => id) };
    for (const [account, list] of groupByAccount(updates)) {
      const events = list
        .map(({ id, update }) => ({ id, data: update.body.events }))
        .filter(notEmpty);
      if (events.length > 0) push(this.events, account, { ...common, updates: events });
      const actions = list
        .map(({ id, update }) => ({ id, data: update.body.actions }))
        .filter(notEmpty);
      if (actions.length > 0) this.addActions(account, { ...common, updates: actions });
    }
  }

  private addActions(account: string, emitted: Emitted): void {
    const before =
      this.actions.get(account)?.at(-1)?.after ?? AccountUpdate.Actions.emptyActionState();
    const after = emitted.updates.reduce(
      (state, { data }) =>
        AccountUpdate.Actions.updateSequenceState(state, AccountUpdate.Actions.fromJSON(data).hash),
      before,
    );
    push(this.actions, account, { ...emitted, before, after });
  }
}

function groupByAccount(updates: { id: number; update: Update }[]) {
  const groups = new Map<string, { id: number; update: Update }[]>();
  for (const each of updates)
    push(groups, key(each.update.body.publicKey, each.update.body.tokenId), each);
  return groups;
}

function push<T>(map: Map<string, T[]>, name: string, value: T): void {
  const list = map.get(name);
  if (list) list.push(value);
  else map.set(name, [value]);
}

function key(address: string, token: string): string {
  return `${address} ${token}`;
}

function notEmpty({ data }: { data: unknown[] }): boolean {
  return data.length > 0;
}
