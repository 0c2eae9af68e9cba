import { expect, it } from 'vitest';
import { applyEdits, blank, originalColumn } from './edits.ts';

it('applies edits in the order of the source and reports the column shifts', () => {
  const { text, shifts } = applyEdits('ab\ncd ef', [
    { start: 6, end: 6, text: '(' },
    { start: 0, end: 0, text: 'xyz' },
  ]);
  expect(text).toBe('xyzab\ncd (ef');
  expect(originalColumn(shifts, 1, 5)).toBe(2);
  expect(originalColumn(shifts, 2, 2)).toBe(2);
  expect(originalColumn(shifts, 2, 5)).toBe(4);
});

it('finds the column after several edits in a line', () => {
  const { text, shifts } = applyEdits('a b c', [
    { start: 0, end: 1, text: 'long' },
    { start: 2, end: 3, text: '' },
  ]);
  expect(text).toBe('long  c');
  expect(originalColumn(shifts, 1, text.indexOf('c') + 1)).toBe(5);
});

it('skips an edit inside a range that another one removes', () => {
  const edits = [
    { start: 0, end: 4, text: '    ' },
    { start: 1, end: 2, text: 'lost' },
  ];
  expect(applyEdits('abcdef', edits).text).toBe('    ef');
});

it('replaces everything but the line breaks with white space', () => {
  expect(blank('ab\r\ncé')).toBe('  \r\n  ');
});
