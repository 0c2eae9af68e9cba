import type { Context } from 'hono';
import type { HttpEnv } from '../http-env.ts';

/**
 * Sets a header of whatever response this request gets. A handler may bypass Hono and write into
 * Node's own response; headers that were set there are sent in both cases.
 */
export function setHeader(c: Context<HttpEnv>, name: string, value: string): void {
  const outgoing = c.env?.outgoing;
  if (outgoing) outgoing.setHeader(name, value);
  else c.header(name, value);
}
