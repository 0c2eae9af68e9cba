import type { MiddlewareHandler } from 'hono';
import type { HttpEnv } from '../http-env.ts';
import { setHeader } from './set-header.ts';

/**
 * User code decides the content of files and output: a browser must not guess from it that a
 * response is a page or a script.
 */
export const forbidSniffing: MiddlewareHandler<HttpEnv> = (c, next) => {
  setHeader(c, 'X-Content-Type-Options', 'nosniff');
  return next();
};
