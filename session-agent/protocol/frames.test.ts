import { expect, test } from 'vitest';
import { supervisorFrameSchema, workerFrameSchema } from './frames.ts';

// The runtime runs in another container, and may be newer than its agent.
test.each([
  { type: 'supervisor', language: 'python', version: '3.14', pid: 7 },
  { type: 'exit', epoch: 1, code: 0, signal: null, reason: null, detail: '' },
])('ignores the fields that a newer runtime adds to a supervisor’s $type frame', (frame) => {
  expect(supervisorFrameSchema.parse({ ...frame, since: 1 })).toEqual(frame);
});

const usage = { duration_ms: 1, cpu_ms: 1, max_rss_bytes: 1 };
const error = { name: 'E', message: 'm', traceback: [] };
test.each([
  [{ type: 'ready', epoch: 1, pid: 7, interrupt: 'signal' }, { since: 1 }],
  [{ type: 'interrupted', step_id: 'a' }, { since: 1 }],
  [
    { type: 'done', step_id: 'a', status: 'completed', error: null, usage },
    { usage: { ...usage, gpu_ms: 1 } },
  ],
  [
    { type: 'done', step_id: 'a', status: 'failed', error, usage },
    { error: { ...error, notes: ['n'] } },
  ],
  [{ type: 'bgerror', ...error }, { notes: ['n'] }],
])('reads a worker’s frame %j and ignores %j', (frame, newer) => {
  expect(workerFrameSchema.parse({ ...frame, ...newer })).toEqual(frame);
});
