import { rmSync, writeSync } from 'node:fs';
import { mkdir, realpath } from 'node:fs/promises';
import { createIds } from '@steppe/contracts/ids';
import { createKeyDirectory } from '@steppe/service-kit/auth/internal-token/key-directory';
import { tcpServers } from '@steppe/service-kit/http/server-network';
import { systemClock } from '@steppe/service-kit/process/clock';
import { runDetached } from '@steppe/service-kit/process/connection-owner';
import { removeUnusedInstances } from '@steppe/service-kit/process/instances-directory';
import {
  closeOnSignal,
  createLifecycle,
  guardProcess,
} from '@steppe/service-kit/process/lifecycle';
import { createLogger } from '@steppe/service-kit/process/logger';
import { type AgentConfig, readConfig } from './config.ts';
import { createInternalTokenVerifier } from './http/internal-token/verifier.ts';
import { superviseLocally } from './interpreter/supervisor-process.ts';
import { createRuntimeTransport } from './protocol/runtime-transport.ts';
import { writeTerminationMessage } from './session/termination-message.ts';
import { createSpoolDirectory } from './spool/spool-directory.ts';
import { type AgentParts, startAgent } from './start-agent.ts';
import { warmUp } from './warm-up.ts';
import { DirectoryWorkspace } from './workspace/file-system/directory-workspace.ts';
import { WorkspaceSpace } from './workspace/file-system/workspace-space.ts';

const config = readConfig();
const logger = createLogger({ service: 'session-agent', level: config.LOG_LEVEL }).child({
  instance_id: config.STEPPE_INSTANCE_ID,
});
const lifecycle = createLifecycle(logger);
const exit = (code: number) => process.exit(code);
// The log may have no reader; the last lines of standard error become the termination detail.
guardProcess({
  logger,
  exit,
  onFatal: (error) => writeSync(2, `${error instanceof Error ? error.stack : error}\n`),
});
// A pod whose containers all exit with 0 has succeeded for the kubelet, which then drops its own
// reason for the signal, such as an eviction: 143 is the exit code of SIGTERM.
const signalled = config.OPERATOR_PORT === undefined ? 0 : 143;
closeOnSignal(lifecycle, {
  logger,
  clock: systemClock,
  limitMs: 8_000,
  exit: (code) => exit(code || signalled),
});

if (config.STEPPE_LIFELINE === 'stdin') {
  // The process that started this one has exited, so this one must clean up.
  const endWithoutParent = async () => {
    await lifecycle.close();
    if (config.STEPPE_INSTANCE_DIR)
      rmSync(config.STEPPE_INSTANCE_DIR, { recursive: true, force: true, maxRetries: 10 });
    if (config.STEPPE_INSTANCES_DIR) removeUnusedInstances(config.STEPPE_INSTANCES_DIR);
    exit(0);
  };
  // The parent's ends of our streams are closed: a write to them, by the supervisor too, must not
  // interrupt the cleanup.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  process.stdin.on('error', () => {}).once('close', () => runDetached(endWithoutParent));
  process.stdin.resume();
}
// The bundle is a script, which has no top-level await.
runDetached(async () => {
  const { port } = await startAgent(config, await openParts(config));
  logger.info({ port }, 'ready');
  if (config.STEPPE_READY_FD !== undefined)
    writeSync(config.STEPPE_READY_FD, `${JSON.stringify({ port })}\n`);
});

async function openParts(config: AgentConfig): Promise<AgentParts> {
  const clock = systemClock;
  const ids = createIds(clock);
  const keys = createKeyDirectory(config.STEPPE_KEYS_DIR, logger, clock);
  const root = await realpath(config.STEPPE_WORKSPACE);
  const command = config.STEPPE_SUPERVISOR_COMMAND;
  const limitBytes = config.STEPPE_WORKSPACE_BYTES;
  const space =
    limitBytes === undefined ? undefined : new WorkspaceSpace({ root, limitBytes, clock, logger });
  return {
    verifier: createInternalTokenVerifier(config.STEPPE_INSTANCE_ID, keys, clock),
    workspace: new DirectoryWorkspace({ root, clock, ids, space }),
    ensureWorkspace: () => mkdir(config.STEPPE_WORKSPACE, { recursive: true }),
    runtimeTransport: createRuntimeTransport(config.STEPPE_RUN_DIR),
    spoolFiles: createSpoolDirectory(config.spoolDirectory),
    startSupervisor: command && ((onGaveUp) => startSupervisor(command, onGaveUp)),
    leaveTerminationMessage: (message) =>
      writeTerminationMessage(config.STEPPE_TERMINATION_FILE, message, logger),
    warmUp,
    network: tcpServers,
    clock,
    ids,
    logger,
    lifecycle,
    exit,
  };
}

const startSupervisor = (command: [string, ...string[]], onGaveUp: (detail: string) => void) =>
  superviseLocally({
    command,
    cwd: config.STEPPE_WORKSPACE,
    env: {
      ...config.inheritedEnv,
      STEPPE_INSTANCE_ID: config.STEPPE_INSTANCE_ID,
      STEPPE_RUN_DIR: config.STEPPE_RUN_DIR,
      STEPPE_WORKSPACE: config.STEPPE_WORKSPACE,
      STEPPE_LIFELINE: 'stdin',
    },
    clock: systemClock,
    logger,
    onGaveUp,
  });
