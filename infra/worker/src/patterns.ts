// An offer's patterns, in time that grows with the text and not with the pattern.
import { RE2JS, RE2JSException } from 're2js';
import type { Matches } from '../../../web/shared/src/inputs.ts';

const ESCAPE_OR_CLASS = /\\.|\[(?:\\.|[^\\\]])*\]/gs;
const ESCAPE_OR_BRACKET = /\\.|\[/gs;

/** Whether the region takes the text, too: where RE2 reads a pattern in another way, or not at all, nothing matches. */
export const matches: Matches = (pattern, text) => {
  const classes: string[] = pattern.match(ESCAPE_OR_CLASS) ?? [];
  if (classes.includes('[]') || classes.includes('[^]')) return false;
  return compiled(withPlainBrackets(pattern))?.matcher(text).find() ?? false;
};

function compiled(pattern: string): RE2JS | undefined {
  try {
    return RE2JS.compile(pattern);
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    return undefined;
  }
}

/** For RE2 `[[:alpha:]]` is a letter; a region knows no such names: to it a bracket within a class is a character. */
function withPlainBrackets(pattern: string): string {
  return pattern.replace(ESCAPE_OR_CLASS, (whole) =>
    whole.startsWith('[')
      ? `[${whole.slice(1).replace(ESCAPE_OR_BRACKET, (each) => (each === '[' ? '\\[' : each))}`
      : whole,
  );
}
