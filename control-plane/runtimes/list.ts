import type { runtimeListSchema } from '@steppe/contracts/session';
import { refuseQuery } from '@steppe/service-kit/http/read-query';
import type * as z from 'zod';
import { authorised } from '../authorised.ts';
import { toRuntime } from './runtime-definition.ts';

export const listRuntimes = authorised('list_runtimes', ({ c, services }) => {
  refuseQuery(c.req.url);
  return c.json({ runtimes: services.runtimes.map(toRuntime) } satisfies z.infer<
    typeof runtimeListSchema
  >);
});
