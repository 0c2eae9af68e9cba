import type { MiddlewareHandler } from 'hono';
import type { HttpEnv } from '../http-env.ts';
import { setHeader } from './set-header.ts';

/**
 * User code decides what is in files and output: a browser must not take it for a page or a script
 * by its looks.
 */
export const forbidSniffing: MiddlewareHandler<HttpEnv> = (c, next) => {
  setHeader(c, 'X-Content-Type-Options', 'nosniff');
  return next();
};
