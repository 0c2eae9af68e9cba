import type { runtimeListSchema } from '@steppe/contracts/session';
import { refuseQuery } from '@steppe/service-kit/http/read-query';
import type * as z from 'zod';
import { authorised } from '../authorised.ts';
import { type RuntimeDefinition, toRuntime } from './runtime-definition.ts';

export const listRuntimesOperation = (runtimes: readonly RuntimeDefinition[]) =>
  authorised('list_runtimes', ({ c }) => {
    refuseQuery(c.req.url);
    const list: z.infer<typeof runtimeListSchema> = { runtimes: runtimes.map(toRuntime) };
    return c.json(list);
  });
