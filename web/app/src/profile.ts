// Folded call stacks as a tree of frames, and the functions by their own time.
import type { Bytes } from '../../shared/src/bytes.ts';
import { isPlain } from '../../shared/src/plain_text.ts';
import type { Evidence } from './evidence.ts';

export interface Frame {
  name: string;
  /** Samples in which it stood on the stack at this place. */
  samples: number;
  /** Of those, the ones in which it was the innermost. */
  own: number;
  below: Map<string, Frame>;
}

export interface Profile {
  root: Frame;
  /** By name: samples in which the function was innermost. */
  own: [string, number][];
}

/** How many frames may still be made. */
interface Room {
  frames: number;
}

export interface JobProfile {
  job: string;
  profile: Profile;
}

// As in sealrun.evidence.call_stacks.
const MAX_BYTES = 4 << 20;
const MAX_STACKS = 20_000;
const MAX_DEPTH = 512;
// Of all jobs of a run: some 120 MB in memory.
const MAX_FRAMES = 500_000;

/** Each job's call stacks that the receipt covers: its own where they may be seen, otherwise what the offer shows of them. */
export function shownProfiles({ folder, verification }: Evidence): JobProfile[] {
  const covered = new Set(
    verification.files.filter(({ verdict }) => verdict === 'holds').map(({ place }) => place),
  );
  const found = new Map<string, Bytes>();
  for (const pattern of [
    /^profile\/([^/]+)\/profile\.public\.folded$/,
    /^profile\/([^/]+)\/sealrun-profile\/profile\.folded$/,
  ])
    for (const [name, bytes] of folder) {
      const job = pattern.exec(name)?.[1];
      if (job && covered.has(name) && bytes.length > 0) found.set(job, bytes);
    }
  let room = { frames: MAX_FRAMES };
  return [...found].flatMap(([job, bytes]) => {
    const left = { ...room };
    const profile = parseStacks(bytes, left);
    // A job that has too many takes no room from others.
    if (profile) room = left;
    return profile ? [{ job, profile }] : [];
  });
}

/** `outer;inner count` a line; undefined where it is none, too large to draw, or of more frames than there is room for. */
export function parseStacks(
  bytes: Uint8Array,
  room: Room = { frames: MAX_FRAMES },
): Profile | undefined {
  if (bytes.length > MAX_BYTES) return undefined;
  const lines = new TextDecoder().decode(bytes).split('\n');
  // The last line ends with a line feed too.
  if (lines.length > MAX_STACKS + 1) return undefined;
  const root: Frame = { name: 'all', samples: 0, own: 0, below: new Map() };
  const own = new Map<string, number>();
  for (const line of lines) {
    if (line === '') continue;
    const [, stack, count] = /^(.+) ([1-9]\d{0,11})$/.exec(line) ?? [];
    if (!stack || !count) return undefined;
    const frames = stack.split(';');
    if (frames.length > MAX_DEPTH) return undefined;
    const last = addStack(root, frames.map(nameOf), Number(count), room);
    if (room.frames < 0) return undefined;
    own.set(last.name, (own.get(last.name) ?? 0) + Number(count));
  }
  if (root.samples === 0) return undefined;
  return { root, own: [...own].sort((a, b) => b[1] - a[1]) };
}

function addStack(root: Frame, names: string[], count: number, room: Room): Frame {
  let frame = root;
  frame.samples += count;
  for (const name of names) {
    const known = frame.below.get(name);
    const below = known ?? { name, samples: 0, own: 0, below: new Map() };
    if (!known) room.frames -= 1;
    frame.below.set(name, below);
    below.samples += count;
    frame = below;
  }
  frame.own += count;
  return frame;
}

/** A frame's name: what would break the form is percent-encoded there. */
function nameOf(frame: string): string {
  return frame.replace(/(?:%[0-9A-Fa-f]{2})+/g, (encoded) => {
    try {
      const text = decodeURIComponent(encoded);
      return isPlain(text) ? text : encoded;
    } catch {
      return encoded;
    }
  });
}

export interface Box {
  frame: Frame;
  depth: number;
  /** Both as parts of the whole width, 0 to 1. */
  left: number;
  width: number;
}

/** The frames that are wide enough to see, outermost first; `zoomed` fills the width, below those it stands in. */
export function boxes(path: Frame[], least: number): Box[] {
  const drawn: Box[] = path
    .slice(0, -1)
    .map((frame, depth) => ({ frame, depth, left: 0, width: 1 }));
  const zoomed = path.at(-1);
  const waiting: Box[] = zoomed
    ? [{ frame: zoomed, depth: path.length - 1, left: 0, width: 1 }]
    : [];
  for (let box = waiting.pop(); box; box = waiting.pop()) {
    drawn.push(box);
    let { left } = box;
    const scale = box.width / box.frame.samples;
    const below = [...box.frame.below.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const frame of below) {
      const width = frame.samples * scale;
      if (width >= least) waiting.push({ frame, depth: box.depth + 1, left, width });
      left += width;
    }
  }
  return drawn;
}

/** The way from the root to the place where a function takes most samples. */
export function pathTo(root: Frame, name: string): Frame[] {
  let best: Frame[] = [root];
  let most = 0;
  const waiting: Frame[][] = [[root]];
  for (let path = waiting.pop(); path; path = waiting.pop()) {
    const last = path.at(-1) as Frame;
    if (last.name === name && last.samples > most) [best, most] = [path, last.samples];
    for (const frame of last.below.values())
      if (frame.samples > most) waiting.push([...path, frame]);
  }
  return best;
}
