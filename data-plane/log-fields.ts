import type { HttpEnv, LogFields } from '@steppe/service-kit/http-env';
import type { Context } from 'hono';

/** Adds to the request's one log line. */
export const addLogFields = (c: Context<HttpEnv>, fields: LogFields): void => {
  c.set('logFields', { ...c.var.logFields, ...fields });
};
