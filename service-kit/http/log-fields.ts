import type { Context } from 'hono';
import type { HttpEnv, LogFields } from './http-env.ts';

/** Adds fields to the request's one log line. */
export const addLogFields = (c: Context<HttpEnv>, fields: LogFields): void => {
  c.set('logFields', { ...c.var.logFields, ...fields });
};
