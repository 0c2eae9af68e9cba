import { spawn, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const cluster = join(root, 'tools/cluster/cluster');
/** So small that a test sees a service's address given again, and large enough for all tests. */
const serviceRange = '10.96.0.0/25';

/**
 * A real cluster with the images of this tree. That of tools/cluster is started, unless CLUSTER is
 * `existing`: then it is that of KUBECONFIG, which pulls the images from REGISTRY.
 */
export function openCluster({ CLUSTER, REGISTRY = 'localhost', ...environment }) {
  const isExisting = CLUSTER === 'existing';
  const env = { ...environment, REGISTRY, ...(CLUSTER && { CLUSTER }) };
  const ranBefore = isExisting || isRunning();
  // Programs in the cluster get Ctrl-C too, and end by themselves.
  process.on('SIGINT', () => {});
  try {
    runOrThrow('tools/helm/install', [], env);
    if (!isExisting) {
      runOrThrow(cluster, ['start'], { STEPPE_CLUSTER_SERVICE_CIDR: serviceRange, ...env });
      runOrThrow('make', ['--silent', 'images', `REGISTRY=${REGISTRY}`], env);
      runOrThrow('tools/cluster/image', ['load', ...imageNames(REGISTRY)], env);
    }
  } catch (error) {
    close();
    throw error;
  }

  /** Stops the cluster if it was started here. */
  function close() {
    if (!ranBefore) spawnSync(cluster, ['stop'], { stdio: 'inherit' });
  }

  return {
    /**
     * Runs a program where the cluster's addresses can be reached, and shows what it prints.
     * @returns its exit code and its standard output
     */
    async exec(program, args, further = {}) {
      const command = isExisting ? [program, ...args] : [cluster, 'exec', program, ...args];
      const child = spawn(command[0], command.slice(1), {
        cwd: root,
        env: { ...env, ...further },
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let stdout = '';
      child.stdout.setEncoding('utf8').on('data', (text) => {
        stdout += text;
        process.stdout.write(text);
      });
      const status = await new Promise((resolve, reject) => {
        child.once('error', reject);
        child.once('close', (code) => resolve(code ?? 1));
      });
      return { status, stdout };
    },
    close,
  };
}

function isRunning() {
  const { stdout } = spawnSync(cluster, ['status'], { encoding: 'utf8' });
  return /^kubelet: runs$/m.test(stdout);
}

/** Only the last line of a program in a cluster is a result: what this prints is no result. */
export function runOrThrow(program, args, env) {
  const stdio = ['ignore', process.stderr, 'inherit'];
  const { status, error } = spawnSync(program, args, { cwd: root, env, stdio });
  if (error) throw error;
  if (status !== 0) throw new Error(`${program} ${args[0] ?? ''}: exit code ${status}`);
}

/** `make images` leaves a record of each image. */
function imageNames(registry) {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return readdirSync(join(root, 'dist/images'))
    .filter((file) => /^[a-z-]+\.json$/.test(file))
    .map((file) => `${registry}/steppe/${file.replace('.json', '')}:${version}`);
}
