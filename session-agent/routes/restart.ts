import { restartRequestSchema } from '@steppe/contracts/step';
import { readJson } from '@steppe/service-kit/read-json';
import { refuseQuery } from '@steppe/service-kit/read-query';
import { requireSession } from '../authenticate.ts';
import type { Operation } from './routes.ts';

/** A fresh interpreter in the same workspace. */
export const restart: Operation =
  ({ verifier, binding, clock }) =>
  async (c) => {
    const { queue } = await requireSession(c, verifier, binding);
    refuseQuery(c.req.url);
    const { epoch } = await readJson(c.req.raw, restartRequestSchema, { maxBytes: 4096, mayBeEmpty: true });
    clock.refuseExpired();
    clock.touch();
    return c.json({ epoch: await queue.restart(epoch) });
  };
