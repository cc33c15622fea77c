// Jobs' logs as text: whole where they may be seen, otherwise the lines that the offer shows.
import type { Evidence } from '../evidence.ts';
import { Card, Code } from './parts.tsx';

const MAX_SHOWN = 512 << 10;
// GitLab's stamp before each line, then escape sequences of terminals, then every other control character.
const STAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6,7}Z(?: [0-9a-f]{2}[EO][+ ]?| )?/gm;
const ESCAPES = /\x1b\[[0-?]*[ -/]*[@-~]|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[ -/]*[0-~]/g;
const SECTION = /section_(?:start|end):\d+:[\w.-]+(?:\[[^\]]*\])?\r?/g;
const CONTROL = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g;

export function Log(props: { evidence: Evidence }) {
  const { folder, verification } = props.evidence;
  const logs = verification.files
    .filter(({ leaf, verdict }) => leaf.kind === 'log' && verdict === 'holds')
    .map(({ place, leaf }) => ({ job: jobOf(leaf.label), text: plain(folder.get(place)) }));
  const whole = new Set(logs.map(({ job }) => job));
  const lines = new Map<string, string[]>();
  for (const [place, text] of verification.opened?.texts ?? []) {
    const job = jobOf(place.slice('profile/'.length));
    if (!whole.has(job)) lines.set(job, [...(lines.get(job) ?? []), text.replace(CONTROL, '')]);
  }
  if (logs.length === 0 && lines.size === 0) return null;
  return (
    <Card title="Log">
      {logs.map(({ job, text }) => (
        <Code key={job} text={text} label={`Log of ${job}`} />
      ))}
      {[...lines].map(([job, texts]) => (
        <div key={job} className="stack">
          <p className="quiet small">
            {job}: the {texts.length === 1 ? 'line' : `${texts.length} lines`} that the offer shows
            to everyone
          </p>
          <Code text={texts.join('\n')} label={`Lines of ${job}`} />
        </div>
      ))}
    </Card>
  );
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
