import { expect, test } from 'vitest';
import { readRange } from './byte-range.ts';

test.each([
  ['bytes=0-0', { start: 0, end: 0 }],
  ['bytes=2-5', { start: 2, end: 5 }],
  ['bytes=2-', { start: 2, end: 9 }],
  ['bytes=9-', { start: 9, end: 9 }],
  ['bytes=0-99', { start: 0, end: 9 }],
  [`bytes=1-${'9'.repeat(400)}`, { start: 1, end: 9 }],
  ['bytes=-3', { start: 7, end: 9 }],
  ['bytes=-99', { start: 0, end: 9 }],
  ['Bytes= 2-5 ', { start: 2, end: 5 }],
])('reads the range %s of a file of ten bytes', (header, range) => {
  expect(readRange(header, 10)).toEqual(range);
});

test.each([['bytes=10-'], ['bytes=10-20'], [`bytes=${'9'.repeat(400)}-`], ['bytes=-0']])(
  'finds the range %s unsatisfiable',
  (header) => {
    expect(readRange(header, 10)).toBe('unsatisfiable');
  },
);

test.each([['bytes=0-'], ['bytes=-5']])('finds %s of an empty file unsatisfiable', (header) => {
  expect(readRange(header, 0)).toBe('unsatisfiable');
});

test.each([
  [undefined],
  [''],
  ['bytes'],
  ['bytes='],
  ['bytes=-'],
  ['bytes=5-2'],
  ['bytes=a-b'],
  ['bytes=0x1-5'],
  ['bytes=1.5-3'],
  ['bytes=--3'],
  ['bytes=+1-3'],
  ['bytes=0-1,4-5'],
  ['bytes=0-1,'],
  ['items=0-1'],
  ['0-1'],
])('responds to %j with the whole file', (header) => {
  expect(readRange(header, 10)).toBeUndefined();
});
