import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { engine, imageNames, root, tagged } from './support/built-images.ts';

const build = () =>
  promisify(execFile)('node', ['--import', 'tsx', 'tools/images/build.ts'], { cwd: root });

test('images whose inputs are unchanged are not built again', async () => {
  const before = imageNames.map((name) => engine.idOf(tagged(name)));
  const { stderr } = await build();
  for (const name of imageNames) expect(stderr).toContain(`images: ${tagged(name)} is unchanged\n`);
  expect(imageNames.map((name) => engine.idOf(tagged(name)))).toEqual(before);
});
