// What the state of a page stands on in a browser: storage that is empty, and locks that nobody else holds.
export function emptyBrowser(): void {
  const kept = new Map<string, string>();
  const localStorage = {
    getItem: (name: string) => kept.get(name) ?? null,
    setItem: (name: string, text: string) => kept.set(name, text),
  };
  const locks = { request: (_name: string, work: () => unknown) => work() };
  for (const [name, value] of Object.entries({ localStorage, navigator: { locks } }))
    Object.defineProperty(globalThis, name, { value, configurable: true });
}
