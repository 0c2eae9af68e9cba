import { expect, test } from 'vitest';
import { instancesPath } from './instances-path.ts';

test('instances are in TMPDIR, unless paths of sockets would be too long there', () => {
  expect(instancesPath('/data/tmp/', 'steppe-1')).toBe('/data/tmp/steppe-1');
  expect(instancesPath(undefined, 'steppe-1')).toBe('/tmp/steppe-1');
  expect(instancesPath('', 'steppe-1')).toBe('/tmp/steppe-1');
  expect(instancesPath(`/${'x'.repeat(41)}`, 'steppe-1')).toBe('/tmp/steppe-1');
  expect(instancesPath(`/${'x'.repeat(40)}`, 'steppe-1')).toBe(`/${'x'.repeat(40)}/steppe-1`);
});
