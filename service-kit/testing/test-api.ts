import type { RequestListener } from 'node:http';
import { createApi } from '../http/create-api.ts';
import type { Handler } from '../http/route-table.ts';
import { createLogger } from '../process/logger.ts';
import { realParts } from './real-parts.ts';

/** Serves handlers as the services do, without a log; each key is a method and a path. */
export const testApi = (handlers: Record<string, Handler>): RequestListener =>
  createApi({
    operations: Object.fromEntries(
      Object.entries(handlers).map(([name, handle]) => {
        const [method = '', path = ''] = name.split(' ');
        return [name, { method, path, handle }];
      }),
    ),
    logger: createLogger({ service: 'test', level: 'silent' }),
    metrics: { observe: () => {} },
    ...realParts,
  });
