import { expect, test } from 'vitest';
import { contentTypeOf } from './content-type.ts';

test.each([
  ['a.txt', 'text/plain; charset=utf-8'],
  ['a.csv', 'text/csv; charset=utf-8'],
  ['A.HTML', 'text/html; charset=utf-8'],
  ['a.json', 'application/json'],
  ['a.png', 'image/png'],
  ['a.tar.gz', 'application/gzip'],
  ['a.xlsx', 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'],
  ['a.py', 'text/x-python; charset=utf-8'],
  ['a.ts', 'text/x-typescript; charset=utf-8'],
  ['a.parquet', 'application/vnd.apache.parquet'],
  ['grüße 世界.pdf', 'application/pdf'],
  ['a\nb.svg', 'image/svg+xml'],
])('recognizes the type of %j by its name', (name, type) => {
  expect(contentTypeOf(name)).toBe(type);
});

test.each([
  ['a'],
  ['html'],
  ['.html'],
  ['a.'],
  ['a.nobody-knows'],
  ['__proto__'],
  ['a.__proto__'],
  ['a.constructor'],
  [''],
])('serves %j as application/octet-stream', (name) => {
  expect(contentTypeOf(name)).toBe('application/octet-stream');
});
