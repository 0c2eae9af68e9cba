import type { Context, MiddlewareHandler } from 'hono';
import { cors } from 'hono/cors';
import type { HttpEnv } from '../http-env.ts';

/**
 * User code decides the content of files and output: a browser must not guess from it that a
 * response is a page or a script.
 */
export const forbidSniffing: MiddlewareHandler<HttpEnv> = (c, next) => {
  setHeader(c, 'X-Content-Type-Options', 'nosniff');
  return next();
};

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];

/** Headers of responses that a page can read, besides those that browsers always show. */
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

export const preflightSeconds = 600;

/**
 * Lets pages of these origins call from a browser: their preflights get a response here, before any
 * authentication, and the pages can read every response. A page brings its own token, so the
 * browser's credentials are not allowed.
 */
export function allowOrigins(origins: readonly string[]): MiddlewareHandler<HttpEnv> {
  // Any header may be sent: a header that we do not read has no effect.
  const responsePreflight = cors({
    origin: [...origins],
    allowMethods: methods,
    maxAge: preflightSeconds,
  });
  return (c, next) => {
    // A cache must not serve the response for one origin to another, nor to a request without one.
    setHeader(c, 'Vary', 'Origin');
    const origin = c.req.header('origin');
    if (origin === undefined || !origins.includes(origin)) return next();
    if (isPreflight(c)) return responsePreflight(c, next);
    setHeader(c, 'Access-Control-Allow-Origin', origin);
    setHeader(c, 'Access-Control-Expose-Headers', exposedHeaders.join(', '));
    return next();
  };
}

/** An OPTIONS request without that header is a request like any other. */
const isPreflight = (c: Context): boolean =>
  c.req.method === 'OPTIONS' && c.req.header('access-control-request-method') !== undefined;

/**
 * Sets a header of whatever response this request gets. A handler may bypass Hono and write into
 * Node's own response; headers that were set there are sent in both cases.
 */
function setHeader(c: Context<HttpEnv>, name: string, value: string): void {
  const outgoing = c.env?.outgoing;
  if (outgoing) outgoing.setHeader(name, value);
  else c.header(name, value);
}
