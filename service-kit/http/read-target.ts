import type { IncomingMessage } from 'node:http';
import { AppError } from './app-error.ts';

/** The part of a request's URL that decides what it does. */
export interface Target {
  pathname: string;
  search: string;
}

/** A target and a host that the URL parser would not change. */
const plainTarget = /^\/[!$&-;=?-[\]_a-z~]*$/;
const dotSegment = /\/\.\.?(?:[/?]|$)/;
const plainHost = /^[a-z0-9._-]+(?::(?:[1-5]\d{3,4}|[6-9]\d{3}))?$/;

/**
 * Reads the target as the URL parser does, which resolves `..` and `%2e%2e`.
 * @throws AppError `invalid_request` for a target or a `Host` that does not form a URL
 */
export function readTarget({ url = '', headers }: IncomingMessage): Target {
  // HTTP/1.0 has no Host header, and health checks still use it.
  const host = headers.host || 'unnamed';
  if (!plainTarget.test(url) || dotSegment.test(url) || !plainHost.test(host))
    return parseTarget(url, host);
  const query = url.indexOf('?');
  return query === -1
    ? { pathname: url, search: '' }
    : { pathname: url.slice(0, query), search: url.slice(query) };
}

function parseTarget(target: string, host: string): Target {
  if (!target.startsWith('/')) throw invalidUrl('the target is not a path');
  if (target.split('?', 1)[0]?.includes('\\')) throw invalidUrl('the path has a backslash');
  const text = `http://${host}${target}`;
  if (!URL.canParse(text)) throw invalidUrl('the target and the Host do not form a URL');
  const { hostname, pathname, search } = new URL(text);
  const named = host.includes(':') ? host.replace(/:\d+$/, '') : host;
  // A `Host` with other parts of a URL would move the path.
  if (hostname.length !== host.length && hostname !== named.toLowerCase())
    throw invalidUrl('the Host is not a host');
  return { pathname, search };
}

const invalidUrl = (why: string): AppError =>
  new AppError('invalid_request', `the request has an invalid URL: ${why}`);
