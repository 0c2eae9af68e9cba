import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Docker, or Buildah where there is no Docker. */
export interface Engine {
  readonly name: 'docker' | 'buildah';
  /** Builds and tags an image. Its output goes to standard error. */
  build(args: readonly string[]): void;
  /** Makes a base image available, so that its id is known. */
  prepareBases(bases: readonly string[]): void;
  /** Undefined if this machine has no such image. */
  idOf(image: string): string | undefined;
  /** The output of a command in a container of the image, as root. */
  run(image: string, command: readonly string[]): string;
  push(image: string): void;
}

const imageProgram = 'tools/cluster/image';

export const findEngine = (root: string): Engine =>
  spawnSync('docker', ['info'], { stdio: 'ignore', timeout: 20_000 }).status === 0
    ? createDockerEngine(root)
    : createBuildahEngine(root);

function createDockerEngine(root: string): Engine {
  const idOf = (image: string) =>
    find('docker', ['image', 'inspect', '--format', '{{.Id}}', image], root);
  return {
    name: 'docker',
    build(args) {
      withFolder((folder) => {
        // The settings with which this machine reaches its package registries, as secrets.
        const flags = capture(imageProgram, ['settings', folder], root).split('\n').filter(Boolean);
        show('docker', ['build', ...flags, ...args], root, { DOCKER_BUILDKIT: '1' });
      });
    },
    prepareBases(bases) {
      for (const base of bases) if (!idOf(base)) show('docker', ['pull', base], root);
    },
    idOf,
    run: (image, [program = 'true', ...args]) =>
      capture(
        'docker',
        [
          'run',
          '--rm',
          '--user',
          '0',
          '--network',
          'none',
          '--entrypoint',
          program,
          image,
          ...args,
        ],
        root,
      ),
    push: (image) => show('docker', ['push', image], root),
  };
}

function createBuildahEngine(root: string): Engine {
  const buildah = (...args: string[]) => capture(imageProgram, ['buildah', ...args], root).trim();
  return {
    name: 'buildah',
    build: (args) => show(imageProgram, ['build', '--layers', '--quiet', ...args], root),
    prepareBases: () => show(imageProgram, ['base'], root),
    idOf: (image) =>
      find(
        imageProgram,
        ['buildah', 'inspect', '--type', 'image', '--format', '{{.FromImageID}}', image],
        root,
      ),
    run(image, command) {
      const container = buildah('from', '--pull-never', image);
      try {
        return buildah('run', '--user', '0', container, '--', ...command);
      } finally {
        buildah('rm', container);
      }
    },
    push: (image) => show(imageProgram, ['buildah', 'push', image], root),
  };
}

const capture = (program: string, args: readonly string[], cwd: string): string =>
  execFileSync(program, args, {
    cwd,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    stdio: ['ignore', 'pipe', 'inherit'],
  });

const show = (
  program: string,
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>> = {},
): void => {
  const command = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  execFileSync('env', [...command, program, ...args], { cwd, stdio: ['ignore', 2, 2] });
};

function find(program: string, args: readonly string[], cwd: string): string | undefined {
  const { status, stdout } = spawnSync(program, args, { cwd, encoding: 'utf8' });
  return status === 0 && stdout.trim() ? stdout.trim() : undefined;
}

function withFolder(use: (folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'steppe-images-'));
  try {
    use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
