import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { engine } from './support/built-images.ts';
import { withImageArchive } from './support/image-archive.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'steppe-settings-test-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/**
 * Builds with pip's settings mounted as in the Dockerfiles of infra/images. Each command is another
 * one, because a cached layer would hold the setting of an earlier build.
 */
function build(command: string): { image: string; setting: string } {
  const id = randomUUID();
  const setting = `index-url = https://${id}.example`;
  const image = `localhost/steppe-test/settings:${id}`;
  const mount = '--mount=type=secret,id=pip.conf,target=/etc/pip.conf';
  const lines = ['FROM docker.io/library/debian:trixie-slim', `RUN ${mount} ${command} && : ${id}`];
  writeFileSync(join(folder, 'Dockerfile'), `${lines.join('\n')}\n`);
  writeFileSync(join(folder, 'pip.conf'), `[global]\n${setting}\n`);
  const args = ['--tag', image, '--file', join(folder, 'Dockerfile'), folder];
  engine.build(args, { PIP_CONFIG_FILE: join(folder, 'pip.conf') });
  return { image, setting };
}

test('a build can read a mounted setting, and no layer holds it', () => {
  const { image, setting } = build('grep -q ^index-url /etc/pip.conf && touch /seen');
  withImageArchive(image, ({ layers }) => {
    const files = layers.flatMap((layer) => layer.files());
    expect(files.map(({ name }) => name)).toContain('/seen');
    expect(layers.some((layer) => layer.contains([setting]))).toBe(false);
  });
  engine.remove(image);
});

test('a setting that a build copies is found in its layer', () => {
  const { image, setting } = build('cp /etc/pip.conf /copied');
  withImageArchive(image, ({ layers }) => {
    expect(layers.map((layer) => layer.contains(['another text', setting]))).toContain(true);
  });
  engine.remove(image);
});
