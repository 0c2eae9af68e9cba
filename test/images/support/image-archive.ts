import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod';
import { engine } from './built-images.ts';

const manifestSchema = z
  .array(z.object({ Config: z.string(), Layers: z.array(z.string()) }))
  .length(1);

const configSchema = z.object({
  config: z.object({
    User: z.string().default(''),
    Env: z.array(z.string()),
    Labels: z.record(z.string(), z.string()),
  }),
});

/** What a registry would get of an image: its configuration and its layers. */
export interface ImageArchive {
  config: z.output<typeof configSchema>['config'];
  /** All of the configuration, the history of its layers too. */
  configText: string;
  layers: readonly Layer[];
}

interface Layer {
  /** Names of regular files and their sizes. */
  files(): { name: string; bytes: number }[];
  /** Whether any file contains one of the texts. */
  contains(texts: readonly string[]): boolean;
}

export function withImageArchive(image: string, use: (archive: ImageArchive) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'steppe-image-'));
  try {
    engine.save(image, join(folder, 'image.tar'));
    execFileSync('tar', ['-xf', 'image.tar'], { cwd: folder });
    const [manifest] = manifestSchema.parse(readJson(join(folder, 'manifest.json')));
    const configText = readFileSync(join(folder, manifest?.Config ?? ''), 'utf8');
    use({
      config: configSchema.parse(JSON.parse(configText)).config,
      configText,
      layers: (manifest?.Layers ?? []).map((layer) => openLayer(join(folder, layer))),
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function openLayer(file: string): Layer {
  return {
    files: () =>
      execFileSync('tar', ['-tvf', file], { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 })
        .split('\n')
        .filter((line) => line.startsWith('-'))
        .map((line) => {
          const [, bytes = '', name = ''] = line.match(/^\S+ +\S+ +(\d+) +\S+ +\S+ (.+)$/) ?? [];
          return { name: `/${name}`, bytes: Number(bytes) };
        }),
    contains(texts) {
      const pipeline = 'tar -xOf "$0" | grep -qaF -e "$1"';
      const { status, stderr } = spawnSync('sh', ['-c', pipeline, file, texts.join('\n')]);
      if (status !== 0 && status !== 1) throw new Error(`cannot search ${file}: ${stderr}`);
      return status === 0;
    },
  };
}

const readJson = (file: string): unknown => JSON.parse(readFileSync(file, 'utf8'));
