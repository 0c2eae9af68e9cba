import type { runtimeListSchema } from '@steppe/contracts/session';
import { respondJson } from '@steppe/service-kit/http/call';
import { refuseQuery } from '@steppe/service-kit/http/parse-input';
import type * as z from 'zod';
import { authorised } from '../authorised.ts';
import { type SessionRuntime, toRuntime } from './session-runtime.ts';

export const listRuntimesOperation = (runtimes: readonly SessionRuntime[]) =>
  authorised('list_runtimes', ({ call }) => {
    refuseQuery(call.search);
    const list: z.infer<typeof runtimeListSchema> = { runtimes: runtimes.map(toRuntime) };
    return respondJson(call, list);
  });
