// A flame graph with zoom and search, and the same as a table, which keyboards and screen readers use.
import { useEffect, useMemo, useRef, useState } from 'react';
import { boxes, pathTo, type Box, type Frame, type Profile } from '../profile.ts';

const ROW = 18;
const LEAST_PIXELS = 1.5;
const CHARACTER = 6.7;
const MAX_ROWS = 12;

export function FlameGraph(props: { profile: Profile; job: string }) {
  const { root, own } = props.profile;
  const [path, setPath] = useState<Frame[]>([root]);
  const [search, setSearch] = useState('');
  const [all, setAll] = useState(false);
  useEffect(() => setPath([root]), [root]);
  const found = useMemo(() => share(root, search), [root, search]);
  const rows = all ? own : own.slice(0, MAX_ROWS);
  return (
    <>
      <div className="row spread">
        <span className="quiet small">
          {props.job} · {root.samples} samples
        </span>
        <div className="row">
          {path.length > 1 && (
            <button type="button" className="button" onClick={() => setPath([root])}>
              Show all
            </button>
          )}
          <input
            className="search"
            type="search"
            aria-label={`Search functions of ${props.job}`}
            placeholder="Search functions"
            value={search}
            onChange={(event) => setSearch(event.currentTarget.value)}
          />
        </div>
      </div>
      <Drawing path={path} search={search} zoom={setPath} />
      <p className="quiet small" role="status">
        {search === ''
          ? 'Press a frame to zoom in, an outer one to zoom out.'
          : `${percentOf(found, root.samples)} of the samples have a function named like “${search}” on their stack.`}
      </p>
      <div className="scroll">
        <table>
          <caption className="hidden">Functions of {props.job} by their own time</caption>
          <thead>
            <tr>
              <th scope="col">Function</th>
              <th scope="col" className="end">
                Own time
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map(([name, samples]) => (
              <tr key={name}>
                <td>
                  <button
                    type="button"
                    className="quiet-button mono wrap"
                    onClick={() => setPath(pathTo(root, name))}
                  >
                    {name}
                  </button>
                </td>
                <td className="end">{percentOf(samples, root.samples)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {own.length > MAX_ROWS && (
        <div>
          <button type="button" className="text-button" onClick={() => setAll(!all)}>
            {all ? 'Show fewer' : `Show all ${own.length} functions`}
          </button>
        </div>
      )}
    </>
  );
}

function Drawing(props: { path: Frame[]; search: string; zoom: (path: Frame[]) => void }) {
  const place = useRef<SVGSVGElement>(null);
  const [width, setWidth] = useState(700);
  useEffect(() => {
    const seen = new ResizeObserver(([entry]) => entry && setWidth(entry.contentRect.width || 700));
    if (place.current) seen.observe(place.current);
    return () => seen.disconnect();
  }, []);
  const drawn = useMemo(() => boxes(props.path, LEAST_PIXELS / width), [props.path, width]);
  const height = (1 + Math.max(...drawn.map(({ depth }) => depth))) * ROW;
  const label = `Flame graph of ${drawn.length} frames; the table below has the same figures.`;
  return (
    <svg ref={place} className="flame" height={height} role="img" aria-label={label}>
      {drawn.map((box, at) => (
        <Rectangle
          key={at}
          box={box}
          width={width}
          search={props.search}
          zoom={() => props.zoom(wayTo(props.path, box))}
        />
      ))}
    </svg>
  );
}

function Rectangle(props: { box: Box; width: number; search: string; zoom: () => void }) {
  const { frame, depth, left, width } = props.box;
  const [x, wide] = [left * props.width, width * props.width];
  const found = matches(frame.name, props.search);
  const shown = Math.floor((wide - 8) / CHARACTER);
  const name =
    frame.name.length > shown ? `${frame.name.slice(0, Math.max(shown - 1, 0))}…` : frame.name;
  return (
    <g
      className={found ? 'found' : depth === 0 ? 'root' : `h${heat(frame.name)}`}
      onClick={props.zoom}
    >
      <title>{`${frame.name}: ${frame.samples} samples`}</title>
      <rect x={x} y={depth * ROW} width={wide} height={ROW - 1} rx={2} strokeWidth={0.5} />
      {shown > 2 && (
        <text x={x + 4} y={depth * ROW + 12.5}>
          {name}
        </text>
      )}
    </g>
  );
}

/** The path from the root to a box that is drawn under the zoomed frame, or one that it stands in. */
function wayTo(path: Frame[], box: Box): Frame[] {
  if (box.depth < path.length - 1) return path.slice(0, box.depth + 1);
  const zoomed = path.at(-1) as Frame;
  const found = search(zoomed, box.frame, box.depth - path.length + 1);
  return [...path.slice(0, -1), ...(found ?? [zoomed])];
}

function search(from: Frame, wanted: Frame, depth: number): Frame[] | undefined {
  if (from === wanted) return [from];
  if (depth === 0) return undefined;
  for (const below of from.below.values()) {
    const found = search(below, wanted, depth - 1);
    if (found) return [from, ...found];
  }
  return undefined;
}

function share(frame: Frame, text: string): number {
  if (matches(frame.name, text)) return frame.samples;
  return [...frame.below.values()].reduce((sum, below) => sum + share(below, text), 0);
}

function matches(name: string, text: string): boolean {
  return text !== '' && name.toLowerCase().includes(text.toLowerCase());
}

function heat(name: string): number {
  return [...name].reduce((sum, character) => (sum * 31 + character.charCodeAt(0)) >>> 0, 7) % 4;
}

function percentOf(part: number, whole: number): string {
  return `${((100 * part) / whole).toFixed(1)} %`;
}
