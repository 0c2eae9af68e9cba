import { expect, it } from 'vitest';
import { findDescendants } from './descendants.ts';

const own = { pid: 10, instanceId: 'ins_1' };
const process = (pid: number, parent: number, instance = '', ended = false) => ({
  pid,
  parent,
  ended,
  carries: (variable: string) => variable === `STEPPE_INSTANCE_ID=${instance}`,
});

it('finds its descendants and who carries the id, and spares itself, its ancestors and everybody else', () => {
  const processes = [
    process(1, 0),
    process(5, 1, 'ins_1'),
    process(10, 5, 'ins_1'),
    process(11, 10, 'ins_1'),
    process(12, 11),
    process(20, 1, 'ins_1'),
    process(21, 1, 'ins_2'),
    process(22, 1, 'ins_1', true),
  ];
  expect(findDescendants(processes, own)).toEqual([11, 12, 20]);
});
