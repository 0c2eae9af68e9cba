import { expect, test } from 'vitest';
import { allocatedBytes } from './allocated-bytes.ts';

const trace = `{"msg":"request"}
[77:0x2ff8ae40]      100 ms: Scavenge 10.0 (16.0) -> 4.0 (16.0) MB, 1.00 / 0.00 ms  (average mu = 1.000, current mu = 1.000) allocation failure; 
{"msg":"request, 5 ms: Scavenge 1.0 (2.0) -> 9.0 (3.0)"}
[77:0x2ff8ae40]     1100 ms: Mark-Compact (reduce) 12.0 (16.0) -> 3.0 (16.0) MB, 5.00 / 0.00 ms  (average mu = 0.9, current mu = 0.9) finalize; 
[77:0x2ff8ae40]     2100 ms: Scavenge 5.0 (16.0) -> 3.5 (16.0) MB, 1.00 / 0.00 ms  (average mu = 1.000, current mu = 1.000) task; 
`;

test('what was allocated is the growth of the heap between collections', () => {
  expect(allocatedBytes(trace)).toEqual({ bytes: (8 + 2) * 1024 * 1024, seconds: 2 });
});

test('one collection says nothing', () => {
  expect(allocatedBytes(trace.split('\n').slice(0, 2).join('\n'))).toBeUndefined();
  expect(allocatedBytes('')).toBeUndefined();
});
