import { createIds } from '@steppe/contracts/ids';
import { bindRequestSchema } from '@steppe/contracts/internal';
import { newSessionId } from '@steppe/contracts/testing/new-ids';
import { systemClock } from '@steppe/service-kit/process/clock';
import { createLogger } from '@steppe/service-kit/process/logger';
import { expect, test } from 'vitest';
import { Interpreter } from '../interpreter/interpreter.ts';
import { createRuntimeTransport } from '../protocol/runtime-transport.ts';
import { BackgroundOutput } from '../steps/background.ts';
import { contractLimits } from '../steps/step-limits.ts';
import { newRequest } from '../steps/testing/new-step.ts';
import { at, manualClock } from '../testing/manual-clock.ts';
import { newSpool } from '../testing/new-spool.ts';
import { Binding } from './binding.ts';
import { SessionLifetime } from './session-lifetime.ts';

/** An interpreter whose supervisor never connects during the test. */
const absentInterpreter = (background: BackgroundOutput) =>
  new Interpreter({
    transport: createRuntimeTransport('/nowhere'),
    clock: systemClock,
    ids: createIds(systemClock),
    ensureWorkspace: async () => {},
    memoryBytes: null,
    background,
    logger: createLogger({ service: 'test', level: 'silent' }),
    onMemoryLost: () => {},
    onReady: () => {},
    onUnresponsiveSupervisor: () => {},
    onGaveUp: () => {},
  });

test('a session is not idle while a step waits for the interpreter', async () => {
  const { clock, passTo } = manualClock();
  const ends: string[] = [];
  const lifetime = new SessionLifetime((reason) => ends.push(reason), clock);
  const spool = newSpool();
  const background = new BackgroundOutput(spool, clock);
  const interpreter = absentInterpreter(background);
  const binding = new Binding({
    ...{ interpreter, background, spool, clock, lifetime },
    limits: contractLimits,
  });
  const sessionId = newSessionId();
  const resources = { cpu: '1', memory: '1Gi', ephemeral_storage: '1Gi' };
  const limits = { expires_at: at(10_000), idle_timeout_seconds: 10 };
  await binding.bind(
    bindRequestSchema.parse({
      session_id: sessionId,
      tenant_id: 'acme',
      env: {},
      resources,
      ...limits,
    }),
  );
  const { queue } = binding.session(sessionId);
  const step = queue.submit(newRequest());
  passTo(300);
  expect(ends).toEqual([]);
  queue.cancel(step);
  await step.ended.promise;
  passTo(310);
  expect(ends).toEqual(['idle']);
});
