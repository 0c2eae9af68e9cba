import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

type Environment = Readonly<Record<string, string>>;

/** Docker, or Buildah where there is no Docker. */
export interface Engine {
  readonly name: 'docker' | 'buildah';
  /** Builds and tags an image. Its output goes to standard error. */
  build(args: readonly string[], env?: Environment): void;
  /** Makes a base image available, so that its id is known. */
  prepareBases(bases: readonly string[]): void;
  /** Undefined if this machine has no such image. */
  idOf(image: string): string | undefined;
  /** The output of a command in a container of the image, as root. */
  run(image: string, command: readonly string[]): string;
  push(image: string): void;
  remove(image: string): void;
  /** Writes the archive that `docker load` reads. */
  save(image: string, file: string): void;
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
    build(args, env = {}) {
      withFolder((folder) => {
        // The settings with which this machine reaches its package registries, as secrets.
        const flags = capture('env', [...assignments(env), imageProgram, 'settings', folder], root)
          .split('\n')
          .filter(Boolean);
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
    remove: (image) => show('docker', ['rmi', image], root),
    save: (image, file) => show('docker', ['save', '--output', file, image], root),
  };
}

function createBuildahEngine(root: string): Engine {
  const buildah = (...args: string[]) => capture(imageProgram, ['buildah', ...args], root).trim();
  return {
    name: 'buildah',
    build: (args, env) => show(imageProgram, ['build', '--layers', '--quiet', ...args], root, env),
    prepareBases: () => show(imageProgram, ['base'], root),
    idOf: (image) =>
      find(
        imageProgram,
        ['buildah', 'inspect', '--type', 'image', '--format', '{{.FromImageID}}', image],
        root,
      ),
    run: (image, command) =>
      withFolder((folder) => {
        const container = buildah('from', '--pull-never', image);
        try {
          // Through a file, because under load Buildah loses what a short command prints.
          const program = 'exec "$@" >/steppe-output/text';
          const volume = ['--volume', `${folder}:/steppe-output`];
          const run = ['run', '--user', '0', ...volume, container, '--', 'sh', '-c', program, 'sh'];
          buildah(...run, ...command);
          return readFileSync(join(folder, 'text'), 'utf8');
        } finally {
          buildah('rm', container);
        }
      }),
    push: (image) => show(imageProgram, ['buildah', 'push', image], root),
    remove: (image) => show(imageProgram, ['buildah', 'rmi', image], root),
    save: (image, file) =>
      show(imageProgram, ['buildah', 'push', '--quiet', image, `docker-archive:${file}`], root),
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
  env: Environment = {},
): void => {
  execFileSync('env', [...assignments(env), program, ...args], { cwd, stdio: ['ignore', 2, 2] });
};

const assignments = (env: Environment): string[] =>
  Object.entries(env).map(([name, value]) => `${name}=${value}`);

function find(program: string, args: readonly string[], cwd: string): string | undefined {
  const { status, stdout } = spawnSync(program, args, { cwd, encoding: 'utf8' });
  return status === 0 && stdout.trim() ? stdout.trim() : undefined;
}

function withFolder<T>(use: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'steppe-images-'));
  try {
    return use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
