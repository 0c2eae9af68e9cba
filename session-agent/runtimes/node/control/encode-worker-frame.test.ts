import { expect, it } from 'vitest';
import { maxBodyBytes } from '../framing.ts';
import { encodeWorkerFrame } from './encode-worker-frame.ts';

it('cuts a bundle above the limit down to its text', () => {
  const bundle = { 'text/plain': 'small', 'image/png': 'x'.repeat(maxBodyBytes) };
  const frame = encodeWorkerFrame({ type: 'display', step_id: 'stp_1', bundle, is_main_result: false, truncated: false });
  expect(JSON.parse(frame.subarray(4).toString())).toMatchObject({ bundle: { 'text/plain': 'small' }, truncated: true });
});
