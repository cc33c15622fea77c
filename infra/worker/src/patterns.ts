// An offer's patterns, in time that grows with the text and not with the pattern.
import { RE2JS } from 're2js';
import type { Matches } from '../../../web/shared/src/inputs.ts';

const ESCAPE_OR_CLASS = /\\.|\[(?:\\.|[^\\\]])*\]/gs;
const ESCAPE_OR_BRACKET = /\\.|\[/gs;

/** Whether the region takes the text, too: where it reads a pattern in another way than RE2, nothing matches. */
export const matches: Matches = (pattern, text) => {
  const classes: string[] = pattern.match(ESCAPE_OR_CLASS) ?? [];
  if (classes.includes('[]') || classes.includes('[^]')) return false;
  return RE2JS.compile(withPlainBrackets(pattern)).matcher(text).find();
};

/** For RE2 `[[:alpha:]]` is a letter; a region knows no such names: to it a bracket within a class is a character. */
function withPlainBrackets(pattern: string): string {
  return pattern.replace(ESCAPE_OR_CLASS, (whole) =>
    whole.startsWith('[')
      ? `[${whole.slice(1).replace(ESCAPE_OR_BRACKET, (each) => (each === '[' ? '\\[' : each))}`
      : whole,
  );
}
