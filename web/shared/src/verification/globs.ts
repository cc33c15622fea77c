// Shell patterns of `*` (anything) and `?` (one character), matched against whole names. Only the last `*` is tried again,
// so that a name of n characters takes at most n steps for each character of the pattern.

const MAX_NAME = 4096;

/** True for names that one of the patterns matches. */
export function globs(patterns: string[]): (name: string) => boolean {
  return (name) =>
    [...name].length <= MAX_NAME && patterns.some((pattern) => matches(pattern, name));
}

function matches(pattern: string, name: string): boolean {
  const [wanted, given] = [[...pattern], [...name]];
  let [at, star, resume] = [0, -1, 0];
  for (let place = 0; place < given.length; ) {
    if (at < wanted.length && wanted[at] === '*') [star, resume, at] = [at, place, at + 1];
    else if (at < wanted.length && (wanted[at] === '?' || wanted[at] === given[place])) {
      at += 1;
      place += 1;
    } else if (star >= 0) {
      resume += 1;
      [at, place] = [star + 1, resume];
    } else return false;
  }
  return wanted.slice(at).every((one) => one === '*');
}
