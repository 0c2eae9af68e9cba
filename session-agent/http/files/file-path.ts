import type { HttpEnv } from '@steppe/service-kit/http/http-env';
import type { Context } from 'hono';
import { segmentsOfUrl } from '../../workspace/file-path.ts';

/** The file that the URL names, from the raw path: the router's parameters are decoded already. */
export function fileOf(c: Context<HttpEnv>): string[] {
  const { pathname } = new URL(c.req.url);
  const prefix = '/files/';
  return segmentsOfUrl(pathname.slice(pathname.indexOf(prefix) + prefix.length));
}
