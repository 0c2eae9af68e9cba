import { limitsRequestSchema } from '@steppe/contracts/internal';
import { readJson } from '@steppe/service-kit/http/body/read-json';
import { requireControlPlane } from '../authenticate.ts';
import type { Operation } from '../declared-routes.ts';

/** Changes how long the session lives. */
export const limits: Operation =
  ({ verifier, clock }) =>
  async (c) => {
    await requireControlPlane(c, verifier);
    clock.change(await readJson(c, limitsRequestSchema, { maxBytes: 4096 }));
    return c.body(null, 204);
  };
