// An offer's patterns, in time that grows with the text and not with the pattern.
import { RE2JS, RE2JSException } from 're2js';
import type { Matches } from '../../../web/shared/src/inputs.ts';

const ESCAPE_OR_CLASS = /\\.|\[(?:\\.|[^\\\]])*\]/gs;
const ESCAPE_OR_BRACKET = /\\[dDsSwW]--|\\.|\[/gs;

/** Whether the region takes the text, too: where RE2 reads a pattern in another way, or not at all, nothing matches. */
export const matches: Matches = (pattern, text) => {
  const classes: string[] = pattern.match(ESCAPE_OR_CLASS) ?? [];
  if (classes.some((each) => /^\[\^?\]|\\[dDsSwW]---/.test(each))) return false;
  return compiled(withPlainClasses(pattern))?.matcher(text).find() ?? false;
};

function compiled(pattern: string): RE2JS | undefined {
  try {
    return RE2JS.compile(pattern);
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    return undefined;
  }
}

/**
 * For RE2 `[[:alpha:]]` is a letter, and `[\d--z]` a range. A region knows no such names, and no range after a class: to
 * it a bracket within a class is a character, and so are both hyphens.
 */
function withPlainClasses(pattern: string): string {
  return pattern.replace(ESCAPE_OR_CLASS, (whole) =>
    whole.startsWith('[') ? `[${whole.slice(1).replace(ESCAPE_OR_BRACKET, plain)}` : whole,
  );
}

function plain(part: string): string {
  if (part === '[') return '\\[';
  return part.endsWith('--') ? `\\-${part.slice(0, -2)}` : part;
}
