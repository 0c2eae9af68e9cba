import { expect, it } from 'vitest';
import { applyEdits, blank, originalColumn } from './edits.ts';

it('applies edits in the order of the source and tells where columns moved', () => {
  const { text, shifts } = applyEdits('ab\ncd ef', [
    { start: 6, end: 6, text: '(' },
    { start: 0, end: 0, text: 'xyz' },
  ]);
  expect(text).toBe('xyzab\ncd (ef');
  expect(originalColumn(shifts, 1, 5)).toBe(2);
  expect(originalColumn(shifts, 2, 2)).toBe(2);
  expect(originalColumn(shifts, 2, 5)).toBe(4);
});

it('finds the column behind several edits of a line', () => {
  const { text, shifts } = applyEdits('a b c', [
    { start: 0, end: 1, text: 'long' },
    { start: 2, end: 3, text: '' },
  ]);
  expect(text).toBe('long  c');
  expect(originalColumn(shifts, 1, text.indexOf('c') + 1)).toBe(5);
});

it('leaves out an edit inside what another one removes', () => {
  const edits = [
    { start: 0, end: 4, text: '    ' },
    { start: 1, end: 2, text: 'lost' },
  ];
  expect(applyEdits('abcdef', edits).text).toBe('    ef');
});

it('blanks all but the line breaks', () => {
  expect(blank('ab\r\ncé')).toBe('  \r\n  ');
});
