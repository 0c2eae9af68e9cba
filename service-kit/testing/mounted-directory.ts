import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * A ConfigMap or Secret as the kubelet mounts it: files are links through `..data`, a link that one
 * rename swaps.
 */
export interface MountedDirectory {
  path: string;
  /** Replaces all files at once. */
  update(files: Record<string, string>): void;
  remove(): void;
}

export function mountDirectory(files: Record<string, string>): MountedDirectory {
  const path = mkdtempSync(join(tmpdir(), 'steppe-mount-'));
  let version = 0;
  let before: string | undefined;
  const update: MountedDirectory['update'] = (next) => {
    const data = `..v${++version}`;
    mkdirSync(join(path, data));
    for (const [name, text] of Object.entries(next)) writeFileSync(join(path, data, name), text);
    symlinkSync(data, join(path, '..data_tmp'));
    renameSync(join(path, '..data_tmp'), join(path, '..data'));
    if (before) rmSync(join(path, before), { recursive: true });
    before = data;
  };
  update(files);
  for (const name of Object.keys(files)) symlinkSync(join('..data', name), join(path, name));
  return { path, update, remove: () => rmSync(path, { recursive: true }) };
}
