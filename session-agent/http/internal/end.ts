import { endRequestSchema } from '@steppe/contracts/internal';
import { readJson } from '@steppe/service-kit/http/body/read-json';
import { controlPlaneRoute } from '../route.ts';

/** Ends the session with its running step, and then this process. */
export const end = controlPlaneRoute(async (c, { end: endProcess }) => {
  const { reason } = await readJson(c, endRequestSchema, { maxBytes: 4096 });
  setImmediate(() => endProcess(reason, 'the control-plane requested it'));
  return c.body(null, 202);
});
