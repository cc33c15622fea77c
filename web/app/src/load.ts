// Something that is asked for once, and what became of it.
import { useEffect, useState } from 'react';
import { message } from './format.ts';

export type Loaded<T> = { value: T } | { problem: string } | null;

/** Null while it is on its way; `key` says when to ask anew. */
export function useLoaded<T>(key: string, load: () => Promise<T>): Loaded<T> {
  const [loaded, setLoaded] = useState<{ key: string; result: Loaded<T> }>({ key, result: null });
  useEffect(() => {
    let current = true;
    load().then(
      (value) => current && setLoaded({ key, result: { value } }),
      (error: unknown) => current && setLoaded({ key, result: { problem: message(error) } }),
    );
    return () => {
      current = false;
    };
  }, [key]);
  return loaded.key === key ? loaded.result : null;
}
