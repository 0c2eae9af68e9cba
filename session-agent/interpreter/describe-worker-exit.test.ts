import { expect, test } from 'vitest';
import type { ExitFrame } from './worker-exit.ts';
import { describeWorkerExit } from './worker-exit.ts';

const unexplained: ExitFrame = {
  type: 'exit',
  epoch: 1,
  code: null,
  signal: null,
  reason: null,
  detail: '',
};

test.each([
  [{ signal: 'SIGSEGV' }, 'the interpreter ended by SIGSEGV; its memory is lost'],
  [{ code: 3 }, 'the interpreter ended with exit code 3; its memory is lost'],
  [
    { detail: 'its supervisor was gone' },
    'the interpreter ended: its supervisor was gone; its memory is lost',
  ],
  [{}, 'the interpreter ended without output; its memory is lost'],
])('describes an exit by %j in a sentence', (how, message) => {
  expect(describeWorkerExit({ ...unexplained, ...how }, undefined)).toMatchObject({
    name: 'WorkerCrashed',
    message,
  });
});
