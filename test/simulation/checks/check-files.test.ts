import { expect, test } from 'vitest';
import type { FileCall } from '../history/file-call.ts';
import { checkFiles } from './check-files.ts';

type Kind = FileCall['kind'];
const call = (
  kind: Kind,
  content: string | null,
  times: readonly [number, number],
  changed: Partial<FileCall> = {},
): FileCall => ({
  sessionId: 'ses_1',
  path: 'f',
  kind,
  content,
  outcome: 'done',
  beganAtMs: times[0],
  endedAtMs: times[1],
  ...changed,
});
const found = (...files: FileCall[]) => checkFiles({ files, uploads: [] }).length;

test('finds nothing in calls that have an order', () => {
  expect(
    found(
      call('read', null, [0, 1]),
      call('write', 'a', [2, 3]),
      call('read', 'a', [4, 5]),
      call('compare', 'b', [6, 7], { expected: 'a' }),
      call('compare', 'c', [8, 9], { expected: 'a', outcome: 'refused' }),
      call('write', null, [10, 11]),
      call('read', null, [12, 13]),
    ),
  ).toBe(0);
});

test('orders calls that overlap as their results need it', () => {
  const writes = [call('write', 'a', [0, 10]), call('write', 'b', [0, 10])];
  expect(found(...writes, call('read', 'a', [11, 12]))).toBe(0);
  expect(found(...writes, call('read', 'b', [11, 12]))).toBe(0);
  expect(found(...writes, call('read', 'a', [11, 12]), call('read', 'b', [13, 14]))).toBe(1);
});

test('puts a call that begins at the end of another after it', () => {
  const writes = [call('write', 'a', [0, 1]), call('write', 'b', [1, 2])];
  expect(found(...writes, call('read', 'b', [2, 3]))).toBe(0);
  expect(found(...writes, call('read', 'a', [2, 3]))).toBe(1);
});

test('lets a write without a response be executed late, or never', () => {
  const lost = call('write', 'a', [0, 1], { outcome: 'unknown' });
  const reads = (...contents: (string | null)[]) =>
    contents.map((content, at) => call('read', content, [2 + 2 * at, 3 + 2 * at]));
  expect(found(lost, ...reads(null, null))).toBe(0);
  expect(found(lost, ...reads(null, 'a'))).toBe(0);
  expect(found(lost, ...reads('a', null))).toBe(1);
});

test.each<[string, FileCall[]]>([
  ['is read as it was before', [call('write', 'a', [0, 1]), call('read', null, [2, 3])]],
  ['was never written', [call('read', 'b', [0, 1])]],
  [
    'is replaced although it had changed',
    [call('write', 'a', [0, 1]), call('compare', 'b', [2, 3], { expected: 'x' })],
  ],
  [
    'is not replaced although it had not changed',
    [
      call('write', 'a', [0, 1]),
      call('compare', 'b', [2, 3], { expected: 'a', outcome: 'refused' }),
    ],
  ],
])('finds a file that %s', (_, calls) => {
  expect(found(...calls)).toBe(1);
});

test('keeps paths and sessions apart', () => {
  const read = call('read', null, [2, 3]);
  expect(
    found(call('write', 'a', [0, 1]), { ...read, path: 'g' }, { ...read, sessionId: 'ses_2' }),
  ).toBe(0);
});

test('finds an upload that was executed twice', () => {
  const upload = (content: string) => ({ instanceId: 'ins_1', path: 'f', content });
  expect(checkFiles({ files: [], uploads: [upload('a'), upload('b')] })).toEqual([]);
  expect(checkFiles({ files: [], uploads: [upload('a'), upload('a')] })).toMatchObject([
    { rule: 'file-register' },
  ]);
});
