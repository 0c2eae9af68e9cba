import { realpath } from 'node:fs/promises';
import type { EndedReason } from '@steppe/contracts/end-reason';
import { createIds } from '@steppe/contracts/ids';
import { createKeyDirectory } from '@steppe/service-kit/auth/internal-token/key-directory';
import { createInternalTokenVerifier } from '@steppe/service-kit/auth/internal-token/verifier';
import { AppError } from '@steppe/service-kit/http/app-error';
import { createBodyBudget } from '@steppe/service-kit/http/body/body-budget';
import { loopbackHosts } from '@steppe/service-kit/http/browsers/refuse-foreign';
import { listen } from '@steppe/service-kit/http/server/http-server';
import { systemClock } from '@steppe/service-kit/process/clock';
import { runDetached } from '@steppe/service-kit/process/connection-owner';
import type { Lifecycle } from '@steppe/service-kit/process/lifecycle';
import type { Logger } from '@steppe/service-kit/process/logger';
import type { AgentConfig } from './config.ts';
import { createApp } from './http/create-app.ts';
import { isReserved } from './http/reserved-requests.ts';
import { Interpreter } from './interpreter/interpreter.ts';
import { type SupervisorProcess, superviseLocally } from './interpreter/supervisor-process.ts';
import { Binding } from './session/binding.ts';
import { LifetimeClock } from './session/lifetime-clock.ts';
import { writeTerminationMessage } from './session/termination-message.ts';
import { BackgroundOutput } from './steps/background.ts';
import { contractLimits } from './steps/step-limits.ts';
import { Workspace } from './workspace/file-system/directory-workspace.ts';

interface AgentDependencies {
  logger: Logger;
  lifecycle: Lifecycle;
  exit: (code: number) => void;
}

const closeLimitMs = 1_000;
/** Of the largest size; many more of those that there usually are. */
const bodiesAtOnce = 4;
/**
 * Waiting responses give a byte every five seconds; uploads and downloads that stall for longer are
 * cut off. Above what a data-plane allows its clients, which knows which of them it is that stalls.
 */
const inactivityMs = 180_000;

/**
 * Starts everything that the agent is made of. Resolves when the worker is ready and the port is
 * listened on.
 */
export async function startAgent(
  config: AgentConfig,
  { logger, lifecycle, exit }: AgentDependencies,
): Promise<{ port: number }> {
  const end = (reason: EndedReason, detail: string): void => {
    if (!lifecycle.isOpen()) return;
    writeTerminationMessage(
      config.STEPPE_TERMINATION_FILE,
      { end_reason: reason, end_detail: detail },
      logger,
    );
    binding.bound?.queue.close(sessionEnded(reason));
    runDetached(() => lifecycle.close().then(() => exit(0)));
  };
  let supervisor: SupervisorProcess | undefined;
  const crash = (detail: string) =>
    end('crashed', `${detail}\n${supervisor?.logTail() ?? ''}`.trimEnd());
  const background = new BackgroundOutput();
  const interpreter = new Interpreter({
    runDirectory: config.STEPPE_RUN_DIR,
    workspace: config.STEPPE_WORKSPACE,
    memoryBytes: config.STEPPE_MEMORY_BYTES ?? null,
    background,
    logger,
    onMemoryLost: () => binding.bound?.queue.onMemoryLost(),
    onReady: () => supervisor?.healthy(),
    onDeafSupervisor: () => supervisor?.kill(),
    onGaveUp: crash,
  });
  const limits = toLimits(config);
  const clock = new LifetimeClock(end);
  const binding = new Binding({ interpreter, background, clock, limits });

  await interpreter.listen();
  supervisor = startSupervisor(config, logger, crash);
  lifecycle.onClose('supervisor', () => supervisor?.close());
  lifecycle.onClose('interpreter', () => interpreter.close());

  const bodiesBytes = bodiesAtOnce * limits.bodyBytes;
  const ids = createIds(systemClock);
  const app = createApp(
    {
      instanceId: config.STEPPE_INSTANCE_ID,
      verifier: createInternalTokenVerifier(
        config.STEPPE_INSTANCE_ID,
        createKeyDirectory(config.STEPPE_KEYS_DIR, logger, systemClock),
        systemClock,
      ),
      binding,
      interpreter,
      workspace: new Workspace(await realpath(config.STEPPE_WORKSPACE)),
      bodies: createBodyBudget({ totalBytes: bodiesBytes, tenantBytes: bodiesBytes }),
      clock,
      maxFileBytes: config.STEPPE_MAX_FILE_BYTES,
      limits,
      end,
    },
    {
      logger,
      clock: systemClock,
      ids,
      // An agent that listens on loopback alone belongs to local mode: web pages can reach it, and
      // nothing else that calls it by a name.
      servedHosts: loopbackHosts.includes(config.HOST) ? loopbackHosts : undefined,
    },
  );
  const server = await listen({
    app,
    host: config.HOST,
    port: config.PORT,
    maxHeaderBytes: config.STEPPE_MAX_HEADER_BYTES,
    maxConnections: config.STEPPE_MAX_CONNECTIONS,
    isReserved,
    inactivityMs,
    clock: systemClock,
    ids,
  });
  lifecycle.onClose('http', () => server.close(closeLimitMs));
  lifecycle.onClose('steps', () => binding.bound?.queue.close(sessionEnded(undefined)));
  lifecycle.onClose('clock', () => clock.stop());
  await interpreter.ready();
  return { port: server.port };
}

function startSupervisor(
  config: AgentConfig,
  logger: Logger,
  onGaveUp: (detail: string) => void,
): SupervisorProcess | undefined {
  if (!config.STEPPE_SUPERVISOR_COMMAND) return undefined;
  return superviseLocally({
    command: config.STEPPE_SUPERVISOR_COMMAND,
    cwd: config.STEPPE_WORKSPACE,
    env: {
      ...config.inheritedEnv,
      STEPPE_INSTANCE_ID: config.STEPPE_INSTANCE_ID,
      STEPPE_RUN_DIR: config.STEPPE_RUN_DIR,
      STEPPE_WORKSPACE: config.STEPPE_WORKSPACE,
      STEPPE_LIFELINE: 'stdin',
    },
    logger,
    onGaveUp,
  });
}

const toLimits = (config: AgentConfig) => ({
  timeoutMs: config.STEPPE_MAX_TIMEOUT_MS,
  codeBytes: config.STEPPE_MAX_CODE_BYTES,
  outputBytesPerStream: config.STEPPE_MAX_OUTPUT_BYTES,
  resultBytes: config.STEPPE_MAX_RESULT_BYTES,
  journalBytes: contractLimits.journalBytes,
  bodyBytes: config.STEPPE_MAX_BODY_BYTES,
  readerStallMs: config.STEPPE_READER_STALL_SECONDS * 1000,
});

/**
 * @param reason is unknown where a signal ends the process: the control-plane knows who sent it.
 */
const sessionEnded = (reason: EndedReason | undefined): AppError =>
  new AppError('session_ended', 'the session has ended; create a new one', {
    details: { ...(reason && { end_reason: reason }) },
  });
