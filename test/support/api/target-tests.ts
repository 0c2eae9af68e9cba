/** The tests of the whole path that call either a local mode or other services: `useTarget`. */
export const targetTests = [
  'files/files',
  'sessions/{first-session,session-ends,session-lists,sessions}',
  'steps/{client-leaves,restarts,step-queue,stopped-steps}',
].map((names) => `test/embedded/${names}.test.ts`);
