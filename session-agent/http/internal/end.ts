import { endRequestSchema } from '@steppe/contracts/internal';
import { readJson } from '@steppe/service-kit/http/body/read-json';
import { requireControlPlane } from '../authenticate.ts';
import type { Operation } from '../declared-routes.ts';

/** Ends the session, a running step included, and this process with it. */
export const end: Operation =
  ({ verifier, end: endProcess }) =>
  async (c) => {
    await requireControlPlane(c, verifier);
    const { reason } = await readJson(c, endRequestSchema, { maxBytes: 4096 });
    setImmediate(() => endProcess(reason, 'the control-plane requested it'));
    return c.body(null, 202);
  };
