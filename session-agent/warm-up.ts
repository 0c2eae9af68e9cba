import { once } from 'node:events';
import { request } from 'node:http';
import type { Ids, InstanceId } from '@steppe/contracts/ids';
import type { bindRequestSchema } from '@steppe/contracts/internal';
import type { Language } from '@steppe/contracts/session';
import { AppError } from '@steppe/service-kit/http/app-error';
import { createBodyBudget } from '@steppe/service-kit/http/body/body-budget';
import { listen } from '@steppe/service-kit/http/server/http-server';
import type { ServerNetwork } from '@steppe/service-kit/http/server-network';
import type { Logger } from '@steppe/service-kit/process/logger';
import type * as z from 'zod';
import { createApp } from './http/create-app.ts';
import type { InternalCaller, InternalTokenVerifier } from './http/internal-token/verifier.ts';
import type { RouteParts } from './http/route.ts';
import type { Interpreter } from './interpreter/interpreter.ts';
import type { StepInterpreter } from './interpreter/step-interpreter.ts';
import { Binding } from './session/binding.ts';
import { SessionLifetime } from './session/session-lifetime.ts';
import type { SessionSpool } from './spool/session-spool.ts';
import { BackgroundOutput } from './steps/background.ts';

export interface WarmUpParts extends Pick<RouteParts, 'clock' | 'limits' | 'workspace'> {
  instanceId: InstanceId;
  interpreter: Interpreter;
  /** The verifier of the real requests. */
  verifier: InternalTokenVerifier;
  spool: SessionSpool;
  network: ServerNetwork;
  ids: Ids;
  logger: Logger;
}

/** V8 compiles what ran once, and optimizes it only after more. */
const steps = 3;
const stepLimitMs = 10_000;

/** They print and show something, and define nothing. */
const code: Readonly<Record<Language, string>> = {
  python: 'print()\ndisplay(0)',
  node: 'console.log(); display(0)',
};

/**
 * Runs a few rehearsed steps through the HTTP server, the steps and the interpreter, so that the
 * first request of the session finds all of it loaded and compiled. They belong to a session of
 * their own, which ends before this returns, on a port of the loopback interface that only callers
 * with a random token can use. A failure is logged: the instance is only slower at first.
 */
export async function warmUp(parts: WarmUpParts): Promise<void> {
  try {
    await verifyNothing(parts);
    await rehearse(parts);
  } catch (err) {
    parts.logger.warn({ err }, 'warm-up failed');
  }
}

/** Loads the keys and what verifies tokens, with a token that does not verify. */
async function verifyNothing({ verifier, instanceId }: WarmUpParts): Promise<void> {
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  for (const iss of ['control-plane', 'data-plane']) {
    const signature = Buffer.alloc(64).toString('base64url');
    const token = `${encode({ alg: 'EdDSA' })}.${encode({ iss, aud: instanceId })}.${signature}`;
    await verifier.verify(`Bearer ${token}`).catch(() => undefined);
  }
}

async function rehearse(parts: WarmUpParts): Promise<void> {
  const { interpreter, spool, clock, ids, logger, limits } = parts;
  const { language } = interpreter;
  if (!language) return;
  const sessionId = ids.sessionId();
  const [bindToken, stepToken] = [`Bearer ${ids.nonce()}`, `Bearer ${ids.nonce()}`];
  const callers = new Map<string, InternalCaller>([
    [bindToken, { plane: 'control-plane', sessionId: undefined }],
    [stepToken, { plane: 'data-plane', sessionId }],
  ]);
  const lifetime = new SessionLifetime(() => {}, clock);
  const background = new BackgroundOutput(spool, clock);
  const rehearsed = rehearsalOf(interpreter);
  const binding = new Binding({
    ...{ interpreter: rehearsed, background, spool, clock, lifetime, limits },
  });
  const server = await serve(parts, { binding, lifetime, callers });
  try {
    const bind: z.input<typeof bindRequestSchema> = {
      session_id: sessionId,
      tenant_id: 'warm-up',
      env: {},
      resources: { cpu: '1', memory: '1Gi', ephemeral_storage: '1Gi' },
      expires_at: new Date(clock.now() + stepLimitMs * steps).toISOString(),
      idle_timeout_seconds: stepLimitMs,
    };
    await call(server.port, '/internal/bind', bindToken, bind);
    for (let left = steps; left > 0; left -= 1) {
      const step = { step_id: ids.stepId(), code: code[language], timeout_ms: stepLimitMs };
      await call(server.port, `/v1/sessions/${sessionId}/steps`, stepToken, step);
    }
    logger.debug({ steps }, 'warmed up');
  } finally {
    await server.close(0);
    lifetime.stop();
    for (const step of binding.bound?.journal.list() ?? []) step.forget();
  }
}

interface Rehearsal extends Pick<RouteParts, 'binding' | 'lifetime'> {
  callers: ReadonlyMap<string, InternalCaller>;
}

function serve(parts: WarmUpParts, { callers, ...session }: Rehearsal) {
  const { instanceId, interpreter, workspace, network, clock, ids, limits, logger } = parts;
  const verifier: InternalTokenVerifier = {
    async verify(authorization = '') {
      const caller = callers.get(authorization);
      if (!caller) throw new AppError('unauthenticated', 'this port is for the agent itself');
      return caller;
    },
  };
  const totalBytes = limits.bodyBytes;
  const bodies = createBodyBudget({ totalBytes, tenantBytes: totalBytes });
  const app = createApp(
    {
      ...{ ...session, instanceId, interpreter, verifier, workspace, clock, bodies, limits },
      maxFileBytes: 0,
      end: () => {},
    },
    { logger: logger.child({}, { level: 'warn' }), clock, ids, servedHosts: undefined },
  );
  return listen({ app, host: '127.0.0.1', port: 0, network, clock, ids });
}

/** The interpreter, whose steps leave nothing behind. */
const rehearsalOf = (interpreter: Interpreter) => ({
  get epoch() {
    return interpreter.epoch;
  },
  get canRun() {
    return interpreter.canRun;
  },
  ready: () => interpreter.ready(),
  run: (...step: Parameters<StepInterpreter['run']>) => interpreter.run(...step, true),
  interrupt: (stepId: string) => interpreter.interrupt(stepId),
  kill: () => interpreter.kill(),
  restart: () => interpreter.restart(),
  configure: async () => {},
});

/** @throws Error for a response that is no success. */
async function call(port: number, path: string, token: string, body: object): Promise<void> {
  const outgoing = request({
    ...{ host: '127.0.0.1', port, method: 'POST', path },
    headers: { Authorization: token, 'Content-Type': 'application/json' },
  });
  outgoing.end(JSON.stringify(body));
  const [incoming] = await once(outgoing, 'response');
  let text = '';
  for await (const chunk of incoming.setEncoding('utf8')) text += chunk;
  if (incoming.statusCode !== 200) throw new Error(`${path}: ${incoming.statusCode} ${text}`);
}
