import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { readTermination } from './read-termination.ts';

const directory = mkdtempSync(join(tmpdir(), 'read-end-'));
afterAll(() => rmSync(directory, { recursive: true }));

let files = 0;
const newPath = () => join(directory, String(files++));
const fileWith = (text: string) => {
  const path = newPath();
  writeFileSync(path, text);
  return path;
};

const exited = { code: 3, signal: null, stderrTail: 'Error: no\n' };

it('prefers the termination message of the agent, whatever its exit status', async () => {
  const path = fileWith('{"end_reason":"idle","end_detail":"no call for 900 s"}\n');
  expect(await readTermination(path, exited, { reason: 'deleted' })).toEqual({
    reason: 'idle',
    detail: 'no call for 900 s',
  });
});

it('reports exit code or signal and the stderr tail if the agent wrote nothing', async () => {
  expect(await readTermination(newPath(), exited, undefined)).toEqual({
    reason: 'crashed',
    detail: 'exit code 3: Error: no',
  });
  const killed = { code: null, signal: 'SIGKILL' as const, stderrTail: '' };
  expect(await readTermination(newPath(), killed, undefined)).toEqual({
    reason: 'crashed',
    detail: 'signal SIGKILL',
  });
});

it('reports that the system refused to start the agent', async () => {
  const refused = { code: null, signal: null, stderrTail: 'spawn EAGAIN' };
  expect(await readTermination(newPath(), refused, undefined)).toMatchObject({
    detail: 'the agent could not be started: spawn EAGAIN',
  });
});

it('reports the requested reason if the agent wrote no message', async () => {
  const requested = { reason: 'node_lost', detail: 'it was stopped' } as const;
  expect(await readTermination(newPath(), exited, requested)).toEqual(requested);
});

it('truncates a detail that is too long for a row', async () => {
  const path = fileWith(JSON.stringify({ end_reason: 'crashed', end_detail: 'x'.repeat(10_000) }));
  expect((await readTermination(path, exited, undefined)).detail).toHaveLength(4_096);
});

it('blocks on no pipe, follows no link and loads no large file of user code', async () => {
  const fifo = newPath();
  execFileSync('sh', ['-c', 'mkfifo "$0"', fifo]);
  const link = newPath();
  symlinkSync(fileWith('{"end_reason":"expired"}'), link);
  const large = fileWith(`{"end_reason":"expired","end_detail":"${'x'.repeat(100_000)}"}`);
  for (const path of [fifo, link, large, fileWith('{"end_reason":"won"}'), fileWith('')]) {
    expect((await readTermination(path, exited, undefined)).reason).toBe('crashed');
  }
});
