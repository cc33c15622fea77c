// The files that a run left, each with its verdict and its digest.
import type { Bytes } from '../../../shared/src/bytes.ts';
import type { Evidence } from '../evidence.ts';
import { bytes, short } from '../format.ts';
import { Away, Badge, Card } from './parts.tsx';

export function Files(props: { evidence: Evidence }) {
  const { folder, left, verification } = props.evidence;
  const files = [...verification.files].sort((a, b) => (a.place < b.place ? -1 : 1));
  if (files.length === 0) return null;
  return (
    <Card title={`Files (${files.length})`}>
      <table className="cards">
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">SHA-256</th>
            <th scope="col" className="end">
              Size
            </th>
            <th scope="col" className="end">
              <span className="hidden">Save</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {files.map(({ place, leaf, verdict }) => {
            const content = folder.get(place);
            const away = left.get(place);
            return (
              <tr key={place}>
                <td className="mono wrap">
                  {place}{' '}
                  {verdict === 'broken' && <Badge tone="bad">differs from what was signed</Badge>}
                </td>
                <td className="mono quiet digest" title={leaf.sha256}>
                  {short(leaf.sha256, 4)}
                </td>
                <td className="end">{bytes(leaf.size)}</td>
                <td className="end">
                  {content && (
                    <button
                      type="button"
                      className="text-button"
                      aria-label={`Save ${place}`}
                      onClick={() => save(place.split('/').at(-1) ?? 'file', content)}
                    >
                      Save
                    </button>
                  )}
                  {!content && away && <Away url={away.url}>Fetch, unchecked</Away>}
                  {!content && !away && <span className="quiet">not here</span>}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </Card>
  );
}

/** Hands the bytes to the browser's downloads, never to a window of this origin. */
export function save(name: string, content: Bytes): void {
  const url = URL.createObjectURL(new Blob([content], { type: 'application/octet-stream' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
