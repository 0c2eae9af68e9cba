import { writeFileSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import type { EndedReason } from '@steppe/contracts/session';
import { listen } from '@steppe/service-kit/http-server';
import { createKeyDirectory } from '@steppe/service-kit/internal-token/key-directory';
import { createInternalTokenVerifier } from '@steppe/service-kit/internal-token/verifier';
import type { Lifecycle } from '@steppe/service-kit/lifecycle';
import type { Logger } from '@steppe/service-kit/logger';
import type { AgentConfig } from './config.ts';
import { createApp } from './create-app.ts';
import { LifetimeClock } from './lifetime-clock.ts';
import { Binding } from './session.ts';
import { BackgroundOutput } from './steps/background.ts';
import { Interpreter } from './worker/interpreter.ts';
import { superviseLocally } from './worker/supervisor-process.ts';
import { Workspace } from './workspace/workspace.ts';

interface AgentDependencies {
  logger: Logger;
  lifecycle: Lifecycle;
  exit: (code: number) => void;
}

const closeLimitMs = 1_000;

/** Starts everything that the agent is made of. Resolves when the worker is ready and the port is listened on. */
export async function startAgent(config: AgentConfig, { logger, lifecycle, exit }: AgentDependencies): Promise<{ port: number }> {
  const end = (reason: EndedReason, detail: string): void => {
    if (!lifecycle.isOpen()) return;
    leaveLastWords(config.STEPPE_TERMINATION_FILE, { end_reason: reason, end_detail: detail }, logger);
    void lifecycle.close().then(() => exit(0));
  };
  const background = new BackgroundOutput();
  const interpreter = new Interpreter({
    runDirectory: config.STEPPE_RUN_DIR,
    memoryBytes: config.STEPPE_MEMORY_BYTES ?? null,
    background,
    logger,
    onLoss: () => binding.bound?.queue.onLoss(),
    onGaveUp: (detail) => end('crashed', detail),
  });
  const clock = new LifetimeClock((reason) =>
    end(reason, reason === 'idle' ? 'no call for idle_timeout_seconds' : 'ttl_seconds are over'),
  );
  const binding = new Binding({ interpreter, background, clock });

  await interpreter.listen();
  startSupervisor(config, { logger, lifecycle, onGaveUp: (detail) => end('crashed', detail) });
  lifecycle.onClose('interpreter', () => interpreter.close());

  const app = createApp(
    {
      instanceId: config.STEPPE_INSTANCE_ID,
      verifier: createInternalTokenVerifier(config.STEPPE_INSTANCE_ID, createKeyDirectory(config.STEPPE_KEYS_DIR, logger)),
      binding,
      interpreter,
      workspace: new Workspace(await realpath(config.STEPPE_WORKSPACE)),
      clock,
      maxFileBytes: config.STEPPE_MAX_FILE_BYTES,
      end,
    },
    logger,
  );
  const server = await listen({ app, host: config.HOST, port: config.PORT });
  lifecycle.onClose('http', () => server.close(closeLimitMs));
  lifecycle.onClose('steps', () => binding.bound?.queue.close());
  lifecycle.onClose('clock', () => clock.stop());
  await interpreter.ready();
  return { port: server.port };
}

interface SupervisorParts {
  logger: Logger;
  lifecycle: Lifecycle;
  onGaveUp: (detail: string) => void;
}

function startSupervisor(config: AgentConfig, { logger, lifecycle, onGaveUp }: SupervisorParts): void {
  if (!config.STEPPE_SUPERVISOR_COMMAND) return;
  const supervisor = superviseLocally({
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
  lifecycle.onClose('supervisor', () => supervisor.close());
}

function leaveLastWords(file: string, words: { end_reason: EndedReason; end_detail: string }, logger: Logger): void {
  try {
    writeFileSync(file, JSON.stringify(words));
  } catch (err) {
    logger.warn({ err, ...words }, 'the reason of the end could not be left');
  }
}
