import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { restartRequestSchema } from '@steppe/contracts/step-request';
import { readJson } from '@steppe/service-kit/http/body/read-json';
import { refuseQuery } from '@steppe/service-kit/http/read-query';
import { toRawJson } from '../protocol/raw-json.ts';
import { requireSession } from './authenticate.ts';
import { type Operation, outgoingOf } from './declared-routes.ts';
import { respondWhenReady } from './responses/respond-when-ready.ts';

/**
 * A fresh interpreter in the same workspace; waits with it while the runtime's container is being
 * restarted.
 */
export const restart: Operation =
  ({ verifier, binding, clock }) =>
  async (c) => {
    const { queue } = await requireSession(c, verifier, binding);
    refuseQuery(c.req.url);
    const { epoch: requestedEpoch } = await readJson(c, restartRequestSchema, {
      maxBytes: 4096,
      mayBeEmpty: true,
    });
    const restarting = queue.restart(requestedEpoch);
    clock.inUseUntil(restarting);
    let epoch = 0;
    await respondWhenReady(
      outgoingOf(c),
      restarting.then((now) => (epoch = now)),
      () => toRawJson({ epoch }),
    );
    return RESPONSE_ALREADY_SENT;
  };
