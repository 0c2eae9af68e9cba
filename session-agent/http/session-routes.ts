import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import {
  type AgentState,
  type BindResponse,
  bindRequestSchema,
  limitsRequestSchema,
  terminateRequestSchema,
} from '@steppe/contracts/internal';
import { limits as contractLimits } from '@steppe/contracts/limits';
import { restartRequestSchema } from '@steppe/contracts/step-request';
import { readJson } from '@steppe/service-kit/http/body/read-json';
import { refuseQuery } from '@steppe/service-kit/http/parse-input';
import { toRawJson } from '../protocol/raw-json.ts';
import { outgoingOf, respondWhenReady } from './responses/json-response.ts';
import { controlPlaneRoute, sessionRoute } from './route.ts';

const smallBody = { maxBytes: 4096 };

/** Binds the instance to its session, once. Waits for an interpreter that has its variables. */
export const bind = controlPlaneRoute(async (c, { instanceId, binding, interpreter }) => {
  const { requestBodyBytes: maxBytes } = contractLimits;
  await binding.bind(await readJson(c, bindRequestSchema, { maxBytes }));
  return c.json({ instance_id: instanceId, epoch: interpreter.epoch } satisfies BindResponse);
});

/** Changes how long the session lives. */
export const limits = controlPlaneRoute(async (c, { lifetime }) => {
  lifetime.change(await readJson(c, limitsRequestSchema, smallBody));
  return c.body(null, 204);
});

/** Ends the session and its running step, then exits the process. */
export const end = controlPlaneRoute(async (c, { end: endProcess }) => {
  const { reason } = await readJson(c, terminateRequestSchema, smallBody);
  setImmediate(() => endProcess(reason, 'the control-plane requested it'));
  return c.body(null, 202);
});

export const state = controlPlaneRoute((c, { interpreter, lifetime }) => {
  const { epoch, state } = interpreter;
  const last_active_at = new Date(lifetime.lastActiveAtMs).toISOString();
  return c.json({ epoch, state, last_active_at } satisfies AgentState);
});

/**
 * Starts a fresh interpreter in the same workspace; the response waits for it, also while the
 * runtime's container is being restarted.
 */
export const restart = sessionRoute(async (c, { queue }, { lifetime, clock }) => {
  refuseQuery(c.req.url);
  const { epoch: expectedEpoch } = await readJson(c, restartRequestSchema, {
    maxBytes: 4096,
    mayBeEmpty: true,
  });
  const restarting = queue.restart(expectedEpoch);
  lifetime.inUseUntil(restarting);
  let epoch = 0;
  const ready = restarting.then((now) => (epoch = now));
  await respondWhenReady(outgoingOf(c), { clock, ready, body: () => toRawJson({ epoch }) });
  return RESPONSE_ALREADY_SENT;
});
