import type { EndedReason } from '@steppe/contracts/end-reason';
import type { Ids } from '@steppe/contracts/ids';
import { AppError } from '@steppe/service-kit/http/app-error';
import { createBodyBudget } from '@steppe/service-kit/http/body/body-budget';
import { loopbackHosts } from '@steppe/service-kit/http/browsers/refuse-foreign';
import { listen } from '@steppe/service-kit/http/server/http-server';
import type { ServerNetwork } from '@steppe/service-kit/http/server-network';
import type { Clock } from '@steppe/service-kit/process/clock';
import { runDetached } from '@steppe/service-kit/process/connection-owner';
import type { Lifecycle } from '@steppe/service-kit/process/lifecycle';
import type { Logger } from '@steppe/service-kit/process/logger';
import { listenForOperator } from '@steppe/service-kit/process/operator-server';
import type { AgentConfig } from './config.ts';
import { createApp, isReserved } from './http/create-app.ts';
import type { InternalTokenVerifier } from './http/internal-token/verifier.ts';
import type { RouteParts } from './http/route.ts';
import { Interpreter } from './interpreter/interpreter.ts';
import type { SupervisorProcess } from './interpreter/supervisor-process.ts';
import type { RuntimeTransport } from './protocol/runtime-transport.ts';
import { Binding } from './session/binding.ts';
import { SessionLifetime } from './session/session-lifetime.ts';
import type { TerminationMessage } from './session/termination-message.ts';
import { SessionSpool } from './spool/session-spool.ts';
import type { SpoolFiles } from './spool/spool-files.ts';
import { BackgroundOutput } from './steps/background.ts';
import { contractLimits } from './steps/step-limits.ts';
import type { WarmUpParts } from './warm-up.ts';
import type { Workspace } from './workspace/workspace.ts';

/** What the agent needs from its machine. main.ts creates it; a simulation replaces it. */
export interface AgentParts {
  verifier: InternalTokenVerifier;
  workspace: Workspace;
  /** Creates the workspace's directory if user code removed it. */
  ensureWorkspace: () => Promise<unknown>;
  runtimeTransport: RuntimeTransport;
  spoolFiles: SpoolFiles;
  /** Local mode: starts the supervisor as a child. In a pod it is the other container. */
  startSupervisor?: ((onGaveUp: (detail: string) => void) => SupervisorProcess) | undefined;
  /** Writes the termination reason for the control-plane to read. Never throws. */
  leaveTerminationMessage: (message: TerminationMessage) => void;
  /** Rehearses steps before the instance is ready. Never rejects. */
  warmUp?: (parts: WarmUpParts) => Promise<void>;
  network: ServerNetwork;
  clock: Clock;
  ids: Ids;
  logger: Logger;
  lifecycle: Lifecycle;
  exit: (code: number) => void;
}

/** How long open responses may take to finish when the process exits. */
export const closeLimitMs = 1_000;
/** Request bodies of the largest size that fit into memory at once; most are far smaller. */
const bodiesAtOnce = 4;
/**
 * Connections without traffic are closed after this time. Waiting responses send a byte every five
 * seconds. The limit is above the data-plane's limit for its clients, so that the data-plane
 * detects which client stalls.
 */
export const inactivityMs = 180_000;

/** Starts the agent. Resolves when a worker is ready, the agent is warm and the server listens. */
export async function startAgent(
  config: AgentConfig,
  parts: AgentParts,
): Promise<{ port: number }> {
  const { logger, lifecycle, clock } = parts;
  const end = (reason: EndedReason, detail: string): void => {
    if (!lifecycle.isOpen()) return;
    parts.leaveTerminationMessage({ end_reason: reason, end_detail: detail });
    binding.bound?.queue.close(sessionEnded(reason));
    runDetached(() => lifecycle.close().then(() => parts.exit(0)));
  };
  let supervisor: SupervisorProcess | undefined;
  const crash = (detail: string) =>
    end('crashed', `${detail}\n${supervisor?.logTail() ?? ''}`.trimEnd());
  const spool = new SessionSpool(parts.spoolFiles, toSpoolLimits(config), logger);
  const background = new BackgroundOutput(spool, clock);
  const interpreter = new Interpreter({
    transport: parts.runtimeTransport,
    clock,
    ids: parts.ids,
    ensureWorkspace: parts.ensureWorkspace,
    memoryBytes: config.STEPPE_MEMORY_BYTES ?? null,
    background,
    logger,
    onMemoryLost: () => binding.bound?.queue.onMemoryLost(),
    onReady: () => supervisor?.healthy(),
    onUnresponsiveSupervisor: () => supervisor?.kill(),
    onGaveUp: crash,
  });
  const limits = toLimits(config);
  const lifetime = new SessionLifetime(end, clock);
  const binding = new Binding({ interpreter, background, spool, clock, lifetime, limits });

  let isWarm = false;
  await serveProbes(config, parts, () => isWarm && interpreter.hasWorker);
  await interpreter.listen();
  supervisor = parts.startSupervisor?.(crash);
  lifecycle.onClose('supervisor', () => supervisor?.close());
  lifecycle.onClose('interpreter', () => interpreter.close());
  lifecycle.onClose('spool', () => spool.close());
  const server = await serve(config, parts, { binding, interpreter, lifetime, limits, end });
  lifecycle.onClose('http', () => server.close(closeLimitMs));
  lifecycle.onClose('steps', () => binding.bound?.queue.close(sessionEnded(undefined)));
  lifecycle.onClose('lifetime', () => lifetime.stop());
  await interpreter.ready();
  await parts.warmUp?.({
    ...{ instanceId: config.STEPPE_INSTANCE_ID, interpreter, spool, limits },
    ...parts,
  });
  isWarm = true;
  return { port: server.port };
}

/** Ready means that the worker is, and that a step which comes then need wait for nothing. */
async function serveProbes(
  { HOST: host, OPERATOR_PORT: port }: AgentConfig,
  { network, clock, ids, lifecycle }: AgentParts,
  isReady: () => boolean,
): Promise<void> {
  if (port === undefined) return;
  const server = await listenForOperator({ host, port, network, clock, ids, isReady });
  // A probe is over in a moment: nothing waits for one.
  lifecycle.onClose('probes', () => server.close(0));
}

type SessionParts = Pick<RouteParts, 'binding' | 'interpreter' | 'lifetime' | 'limits' | 'end'>;

function serve(
  config: AgentConfig,
  { verifier, workspace, network, clock, ids, logger }: AgentParts,
  session: SessionParts,
) {
  const bodiesBytes = bodiesAtOnce * session.limits.bodyBytes;
  const app = createApp(
    {
      ...session,
      instanceId: config.STEPPE_INSTANCE_ID,
      verifier,
      workspace,
      clock,
      bodies: createBodyBudget({ totalBytes: bodiesBytes, tenantBytes: bodiesBytes }),
      maxFileBytes: config.STEPPE_MAX_FILE_BYTES,
    },
    {
      logger,
      clock,
      ids,
      // An agent that listens only on loopback runs in local mode, where web pages can reach it:
      // requests with any other host name are rejected.
      servedHosts: loopbackHosts.includes(config.HOST) ? loopbackHosts : undefined,
    },
  );
  return listen({
    app,
    host: config.HOST,
    port: config.PORT,
    maxHeaderBytes: config.STEPPE_MAX_HEADER_BYTES,
    maxConnections: config.STEPPE_MAX_CONNECTIONS,
    isReserved,
    inactivityMs,
    network,
    clock,
    ids,
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

const toSpoolLimits = (config: AgentConfig) => ({
  stepBytes: config.STEPPE_STEP_SPOOL_BYTES,
  sessionBytes: config.STEPPE_SESSION_SPOOL_BYTES,
});

/**
 * @param reason undefined if a signal ends the process: the control-plane knows why it was sent.
 */
const sessionEnded = (reason: EndedReason | undefined): AppError =>
  new AppError('session_ended', 'the session has ended; create a new one', {
    details: { ...(reason && { end_reason: reason }) },
  });
