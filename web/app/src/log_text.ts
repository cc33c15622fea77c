// Jobs' logs as text: whole where they may be seen, otherwise the lines that the offer shows.
import type { Evidence } from './evidence.ts';

const MAX_SHOWN = 512 << 10;
// GitLab's or GitHub's stamp before each line, then escape sequences of terminals, then every other control character.
const STAMP = /^\ufeff?\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6,7}Z(?: [0-9a-f]{2}[EO][+ ]?| )?/gm;
const ESCAPES = /\x1b\[[0-?]*[ -/]*[@-~]|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[ -/]*[0-~]/g;
const SECTION = /section_(?:start|end):\d+:[\w.-]+(?:\[[^\]\n]{0,300}\])?\r?/g;
const CONTROL = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g;

export interface JobLog {
  job: string;
  text: string;
  /** How many lines the offer shows of it; undefined where the whole log is here. */
  shown?: number;
}

/** The logs that the receipt covers, without stamps, colours and control characters. */
export function shownLogs({ folder, verification }: Evidence): JobLog[] {
  const logs: JobLog[] = verification.files
    .filter(({ leaf, verdict }) => leaf.kind === 'log' && verdict === 'holds')
    .map(({ place, leaf }) => ({ job: jobOf(leaf.label), text: plain(folder.get(place)) }));
  const whole = new Set(logs.map(({ job }) => job));
  const lines = new Map<string, string[]>();
  for (const [place, text] of verification.opened?.texts ?? []) {
    const job = jobOf(place.slice('profile/'.length));
    if (!whole.has(job)) lines.set(job, [...(lines.get(job) ?? []), text.replace(CONTROL, '')]);
  }
  const parts = [...lines].map(([job, texts]) => ({
    job,
    text: texts.join('\n'),
    shown: texts.length,
  }));
  return [...logs, ...parts];
}

function jobOf(label: string): string {
  return label.split('/')[0] ?? '';
}

function plain(bytes: Uint8Array | undefined): string {
  const text = new TextDecoder().decode(bytes?.subarray(0, MAX_SHOWN));
  const shown = text
    .replace(STAMP, '')
    .replace(SECTION, '')
    .replace(ESCAPES, '')
    .replace(CONTROL, '');
  return (bytes?.length ?? 0) > MAX_SHOWN ? `${shown}\n… the rest is in the file below` : shown;
}
