import type { Context, MiddlewareHandler } from 'hono';
import { cors } from 'hono/cors';
import type { HttpEnv } from '../http-env.ts';
import { setHeader } from './set-header.ts';

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];

/** Headers of responses that a page can read, beside those that browsers always show. */
export const exposedHeaders: readonly string[] = [
  'Accept-Ranges',
  'Allow',
  'Content-Range',
  'ETag',
  'Location',
  'Preference-Applied',
  'Retry-After',
  'Steppe-Dropped-Bytes',
  'Steppe-Step-Id',
  'WWW-Authenticate',
  'X-Request-Id',
];

const preflightSeconds = 600;

/**
 * Lets pages of these origins call from a browser: their preflights are responded here, before any
 * authentication, and every response to them can be read. A page brings its own token, so no
 * credentials of the browser's are allowed.
 */
export function allowOrigins(origins: readonly string[]): MiddlewareHandler<HttpEnv> {
  // Any header may be sent: what none of ours reads does nothing.
  const responsePreflight = cors({
    origin: [...origins],
    allowMethods: methods,
    maxAge: preflightSeconds,
  });
  return (c, next) => {
    // A cache must not give the response of one origin to another, nor to none.
    setHeader(c, 'Vary', 'Origin');
    const origin = c.req.header('origin');
    if (origin === undefined || !origins.includes(origin)) return next();
    if (isPreflight(c)) return responsePreflight(c, next);
    setHeader(c, 'Access-Control-Allow-Origin', origin);
    setHeader(c, 'Access-Control-Expose-Headers', exposedHeaders.join(', '));
    return next();
  };
}

/** An OPTIONS without it is a request like any other. */
const isPreflight = (c: Context): boolean =>
  c.req.method === 'OPTIONS' && c.req.header('access-control-request-method') !== undefined;
