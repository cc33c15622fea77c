import assert from 'node:assert/strict';
import { test } from 'node:test';

import { retryAfter } from '../src/service/api.ts';

test('a service is asked again when it says, and anything but whole seconds says nothing', () => {
  const said = (text?: string) =>
    retryAfter(new Headers(text === undefined ? {} : { 'retry-after': text }));
  assert.deepEqual([said('7'), said('0'), said()], [7000, 0, 0]);
  for (const wrong of ['-1', '1.5', '9'.repeat(9), 'Mon, 30 Nov 2026 12:00:00 GMT'])
    assert.equal(said(wrong), 0, wrong);
});
