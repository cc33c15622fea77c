// Logs as the page shows them: anybody's job writes them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { utf8 } from '../../shared/src/bytes.ts';
import type { Evidence } from '../src/evidence.ts';
import { shownLogs } from '../src/log_text.ts';

const PLACE = 'profile/build/job.log';

function shown(log: string): string {
  const files = [{ place: PLACE, verdict: 'holds', leaf: { kind: 'log', label: 'build/job.log' } }];
  const evidence = { folder: new Map([[PLACE, utf8(log)]]), verification: { files } };
  return shownLogs(evidence as unknown as Evidence)[0]?.text ?? '';
}

test('stamps, sections and colours are taken off', () => {
  const stamp = '2026-05-22T12:43:46.962646Z 00O ';
  const section = 'section_start:1560896352:build[collapsed=true,hide_duration=true]\r\x1b[0K';
  assert.equal(shown(`${stamp}${section}\x1b[36;1mBuilding\x1b[0m\n`), 'Building\n');
});

test('the mark with which GitHub begins each 2 MiB is taken off with the stamp', () => {
  const stamp = '2026-05-22T12:43:46.9626461Z ';
  assert.equal(shown(`${stamp}built\n\ufeff${stamp}score: 7\n`), 'built\nscore: 7\n');
});

for (const unit of ['section_end:1:a[', '\x1b[', '\x1b]8;;', 'section_end:1', '\x1b[0 '])
  test(`a log full of ${JSON.stringify(unit)} keeps nobody waiting`, () => {
    const start = process.cpuUsage().user;
    shown(unit.repeat((512 << 10) / unit.length));
    const seconds = (process.cpuUsage().user - start) / 1e6;
    assert.ok(seconds < 1, `took ${seconds} s`);
  });
