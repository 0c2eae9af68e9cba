import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Plane } from '@steppe/contracts/internal';
import type { Language } from '@steppe/contracts/session';
import { newInstanceId, newSessionId } from '@steppe/contracts/testing/new-ids';
import {
  type MountedDirectory,
  mountDirectory,
} from '../../../service-kit/testing/mounted-directory.ts';
import { bind } from '../../conformance/harness/bind.ts';
import { hostVariables, repository } from '../../conformance/harness/config.ts';
import { supervisorCommands } from '../../conformance/harness/languages.ts';
import { makePlaneKey } from '../../conformance/harness/plane-keys.ts';
import { type Session, sessionOf } from '../../conformance/harness/session.ts';
import { freePort } from '../../support/sockets/free-port.ts';

/** A process of the pod, and what it wrote. */
interface Container {
  process: ChildProcess;
  log(): string;
  /** Kills it whole, as the kernel does, and waits for its end. */
  kill(): Promise<void>;
}

/**
 * The two containers of a pod as two processes that share no more than the run directory and the
 * workspace. None of them starts the other.
 */
export interface Pod {
  workspace: string;
  agentUrl: string;
  /** The status of a probe, or of any other path of the agent's second port; 0 if it is closed. */
  probe(path: string): Promise<number>;
  startAgent(env?: Record<string, string>): Container;
  /** The runtime has a pid namespace of its own, and an init where its language needs one. */
  startRuntime(env?: Record<string, string>): Container;
  /** Binds the agent to a session. */
  bind(): Promise<Session>;
  /** Replaces the planes' keys, as an update of the ConfigMap does. Later tokens use the new ones. */
  rotateKeys(): Promise<void>;
  /** A token that the data-plane signed with its first key, for no session: 421 while it is valid. */
  firstToken: string;
  terminationMessage(): string;
  close(): Promise<void>;
}

/** A machine that refuses pid namespaces to this user has no pods. */
export const hasNamespaces =
  spawnSync('unshare', ['--pid', '--fork', '--mount-proc', 'true']).status === 0;

const keysOf = async () => {
  const kid = randomUUID();
  const [control, data] = await Promise.all([
    makePlaneKey('control-plane', kid),
    makePlaneKey('data-plane', kid),
  ]);
  const files = {
    'control-plane.json': JSON.stringify(control.publicSet),
    'data-plane.json': JSON.stringify(data.publicSet),
  };
  return { control, data, files };
};

export async function openPod(language: Language): Promise<Pod> {
  const root = mkdtempSync('/tmp/steppe-pod-');
  const [run, workspace] = [join(root, 'run'), join(root, 'workspace')];
  for (const directory of [run, workspace]) mkdirSync(directory);
  const [instanceId, sessionId] = [newInstanceId(), newSessionId()];
  let keys = await keysOf();
  const mount: MountedDirectory = mountDirectory(keys.files);
  const [port, operatorPort] = [await freePort(), await freePort()];
  const agentUrl = `http://127.0.0.1:${port}`;
  const terminationFile = join(root, 'termination');
  const shared = {
    ...hostVariables,
    STEPPE_INSTANCE_ID: instanceId,
    STEPPE_RUN_DIR: run,
    STEPPE_WORKSPACE: workspace,
  };
  const containers: Container[] = [];
  const start = (command: readonly string[], env: Record<string, string>) => {
    const container = startContainer(command, { cwd: root, env: { ...shared, ...env } });
    containers.push(container);
    return container;
  };
  const signData = () => keys.data.signer.sign(instanceId, sessionId);
  const authorization = async (plane: Plane) =>
    `Bearer ${await (plane === 'data-plane' ? signData() : keys.control.signer.sign(instanceId))}`;
  const agent = { url: agentUrl, sessionId, instanceId, workspace, authorization };
  const close = async () => {
    for (const container of containers) await container.kill();
    mount.remove();
    rmSync(root, { recursive: true, force: true });
  };
  return {
    workspace,
    agentUrl,
    firstToken: await keys.data.signer.sign(instanceId),
    probe: (path) =>
      fetch(`http://127.0.0.1:${operatorPort}${path}`).then(
        ({ status }) => status,
        () => 0,
      ),
    startAgent: (env = {}) =>
      start([process.execPath, `${repository}dist/session-agent.cjs`], {
        HOST: '0.0.0.0',
        PORT: String(port),
        OPERATOR_PORT: String(operatorPort),
        LOG_LEVEL: 'debug',
        STEPPE_KEYS_DIR: mount.path,
        STEPPE_TERMINATION_FILE: terminationFile,
        STEPPE_MEMORY_BYTES: String(512 * 1024 ** 2),
        ...env,
      }),
    startRuntime: (env = {}) =>
      start([...isolation[language], ...supervisorCommands[language]], env),
    async bind() {
      await bind(agentUrl, await authorization('control-plane'), {
        session_id: sessionId,
        env: {},
      });
      return sessionOf(language, { ...agent, stop: close });
    },
    async rotateKeys() {
      keys = await keysOf();
      mount.update(keys.files);
    },
    terminationMessage: () => readFileSync(terminationFile, 'utf8'),
    close,
  };
}

const namespace = ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child', '--'];
/** A shell that waits reaps what the system gives to it, as tini does. */
const init = ['sh', '-c', '"$0" "$@" & wait'];
const isolation: Readonly<Record<Language, readonly string[]>> = {
  python: namespace,
  node: [...namespace, ...init],
};

function startContainer(
  [file = '', ...args]: readonly string[],
  options: { cwd: string; env: Record<string, string> },
): Container {
  const child = spawn(file, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  let log = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      log += text;
    });
  const exited = once(child, 'exit');
  return {
    process: child,
    log: () => log,
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}
