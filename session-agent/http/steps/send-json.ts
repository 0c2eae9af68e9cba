import type { HttpEnv } from '@steppe/service-kit/http/http-env';
import type { Context } from 'hono';
import type { RawJson } from '../../protocol/raw-json.ts';

/** As `c.json`, for what is JSON already. */
export const sendJson = (c: Context<HttpEnv>, text: RawJson, status: 200 | 202): Response =>
  c.body(text, status, { 'Content-Type': 'application/json' });
