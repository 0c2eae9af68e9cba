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
import { respond, respondJson, streamedResponse } from '@steppe/service-kit/http/call';
import { refuseQuery } from '@steppe/service-kit/http/parse-input';
import { toRawJson } from '../protocol/raw-json.ts';
import { respondWhenReady } from './responses/json-response.ts';
import { controlPlaneRoute, sessionRoute } from './route.ts';

const smallBody = { maxBytes: 4096 };

/** Binds the instance to its session, once. Waits for an interpreter that has its variables. */
export const bind = controlPlaneRoute(async (call, { instanceId, binding, interpreter }) => {
  const { requestBodyBytes: maxBytes } = contractLimits;
  await binding.bind(await readJson(call, bindRequestSchema, { maxBytes }));
  return respondJson(call, {
    instance_id: instanceId,
    epoch: interpreter.epoch,
  } satisfies BindResponse);
});

/** Changes how long the session lives. */
export const limits = controlPlaneRoute(async (call, { lifetime }) => {
  lifetime.change(await readJson(call, limitsRequestSchema, smallBody));
  return respond(call, 204);
});

/** Ends the session and its running step, then exits the process. */
export const end = controlPlaneRoute(async (call, { end: endProcess }) => {
  const { reason } = await readJson(call, terminateRequestSchema, smallBody);
  setImmediate(() => endProcess(reason, 'the control-plane requested it'));
  return respond(call, 202);
});

export const state = controlPlaneRoute((call, { interpreter, lifetime }) => {
  const { epoch, state } = interpreter;
  const last_active_at = new Date(lifetime.lastActiveAtMs).toISOString();
  return respondJson(call, { epoch, state, last_active_at } satisfies AgentState);
});

/**
 * Starts a fresh interpreter in the same workspace; the response waits for it, also while the
 * runtime's container is being restarted.
 */
export const restart = sessionRoute(async (call, { queue }, { lifetime, clock }) => {
  refuseQuery(call.search);
  const { epoch: expectedEpoch } = await readJson(call, restartRequestSchema, {
    maxBytes: 4096,
    mayBeEmpty: true,
  });
  const restarting = queue.restart(expectedEpoch);
  lifetime.inUseUntil(restarting);
  let epoch = 0;
  const ready = restarting.then((now) => (epoch = now));
  await respondWhenReady(streamedResponse(call), {
    clock,
    ready,
    body: () => toRawJson({ epoch }),
  });
});
