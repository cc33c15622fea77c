// An offer's patterns, in time that grows with the text and not with the pattern.
import { RE2JS } from 're2js';
import type { Matches } from '../../../web/shared/src/inputs.ts';

export const matches: Matches = (pattern, text) => RE2JS.compile(pattern).matcher(text).find();
