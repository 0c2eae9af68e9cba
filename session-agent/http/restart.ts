import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { restartRequestSchema } from '@steppe/contracts/step-request';
import { readJson } from '@steppe/service-kit/http/body/read-json';
import { refuseQuery } from '@steppe/service-kit/http/read-query';
import { toRawJson } from '../protocol/raw-json.ts';
import { outgoingOf } from './responses/outgoing.ts';
import { respondWhenReady } from './responses/respond-when-ready.ts';
import { sessionRoute } from './route.ts';

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
