// Durable Objects' storage over Node's SQLite, as far as the Worker uses it.
import { DatabaseSync } from 'node:sqlite';

export function storage(): DurableObjectStorage {
  const database = new DatabaseSync(':memory:');
  const exec = (query: string, ...values: (string | number)[]) => {
    const rows = /^\s*CREATE/.test(query)
      ? (database.exec(query), [])
      : database.prepare(query).all(...values);
    return { toArray: () => rows };
  };
  const kept = new Map<string, unknown>();
  return {
    get: async (name: string) => kept.get(name),
    put: async (name: string, value: unknown) => void kept.set(name, structuredClone(value)),
    sql: { exec },
    transactionSync: (work: () => unknown) => work(),
    setAlarm: async () => undefined,
  } as unknown as DurableObjectStorage;
}
