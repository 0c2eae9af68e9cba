import * as z from 'zod';
import { listVariable } from '../../config/variables.ts';
import { loopbackHosts } from './refuse-foreign.ts';

const isOrigin = (text: string): boolean =>
  /^https?:/.test(text) && URL.canParse(text) && new URL(text).origin === text;

/** Matches a Host header without its port; an IPv6 address is in brackets. */
const isHost = (text: string): boolean =>
  /^[a-z0-9.[\]:_-]+$/.test(text) &&
  URL.canParse(`http://${text}`) &&
  new URL(`http://${text}`).hostname === text;

export const bypassHostsVariable = z
  .string()
  .default(loopbackHosts.join(','))
  .transform((list) => list.toLowerCase())
  .pipe(listVariable)
  .pipe(
    z
      .array(z.string().refine(isHost, 'must be a host without a port, such as localhost or [::1]'))
      .min(1),
  )
  .describe('accepted hosts with AUTH_MODE=bypass, without ports, separated by commas');

export const corsOriginsVariable = z
  .string()
  .default('')
  .pipe(listVariable)
  .pipe(
    z.array(
      z
        .string()
        .refine(isOrigin, 'must be an origin, such as https://app.example.com, without a path'),
    ),
  )
  .describe('origins that may call from a browser (CORS), separated by commas; unset: none');
