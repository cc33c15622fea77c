// What this browser keeps. It is this page's own, but a hand may have changed it: whoever reads it checks it.
import { useSyncExternalStore } from 'react';

const PREFIX = 'sealrun:';
const changed = new EventTarget();

/** The value by this name; undefined where there is none, or no JSON. */
export function stored(name: string): unknown {
  return parsed(textOf(name));
}

/** Null too where the browser denies its storage to pages. */
function textOf(name: string): string | null {
  try {
    return localStorage.getItem(PREFIX + name);
  } catch {
    return null;
  }
}

function parsed(text: string | null): unknown {
  try {
    return JSON.parse(text ?? 'null') ?? undefined;
  } catch {
    return undefined;
  }
}

/** Throws where the browser keeps nothing: then nothing may be signed, since a limit would be forgotten. */
export function store(name: string, value: unknown): void {
  try {
    localStorage.setItem(PREFIX + name, JSON.stringify(value));
  } catch {
    throw new Error(
      'This browser does not let the page keep anything, so it would forget what you signed.',
    );
  }
  changed.dispatchEvent(new Event('change'));
}

/** Keeps a note of what was done: a browser without room for it makes no failure of that. */
export function note(keep: () => void): void {
  try {
    keep();
  } catch {
    // The service and the chain still know.
  }
}

export function forget(name: string): void {
  localStorage.removeItem(PREFIX + name);
  changed.dispatchEvent(new Event('change'));
}

/** The stored text by this name, read again whenever it changes, in another tab too. */
export function useStored(name: string): unknown {
  const text = useSyncExternalStore(
    (listener) => {
      changed.addEventListener('change', listener);
      addEventListener('storage', listener);
      return () => {
        changed.removeEventListener('change', listener);
        removeEventListener('storage', listener);
      };
    },
    () => textOf(name),
  );
  return parsed(text);
}
