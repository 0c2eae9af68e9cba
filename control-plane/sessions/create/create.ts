import { createSessionSchema } from '@steppe/contracts/session';
import { addLogFields } from '@steppe/service-kit/http/http-env';
import { parseInput, refuseQuery } from '@steppe/service-kit/http/parse-input';
import type { Context } from 'hono';
import * as z from 'zod';
import { authorised } from '../../authorised.ts';
import { describeSession, toSession } from '../describe-session.ts';
import { type CreateServices, createSession } from './create-session.ts';
import { prefersAsync } from './read-preference.ts';

const headersSchema = z.object({
  'idempotency-key': z
    .string()
    .regex(/^[\x20-\x7e]{1,255}$/, 'an Idempotency-Key is 1 to 255 printable characters of ASCII')
    .optional(),
  prefer: z.string().default('').transform(prefersAsync),
});

export const createSessionOperation = (services: CreateServices) =>
  authorised('create_session', async ({ c, principal, readBody }) => {
    refuseQuery(c.req.url);
    const { idempotencyKey, respondAsync } = readHeaders(c);
    const body = await readBody(createSessionSchema, { mayBeEmpty: true });
    const { record, live } = await createSession(services, {
      tenantId: principal.tenantId,
      body,
      idempotencyKey,
      sessionQuota: principal.sessionQuota,
      respondAsync,
      client: c.req.raw.signal,
    });
    addLogFields(c, { session_id: record.session_id, instance_id: record.instance_id });
    const session = live ? toSession(record, live) : await describeSession(services, record);
    const Location = `/v1/sessions/${record.session_id}`;
    if (record.state !== 'provisioning') return c.json(session, 201, { Location });
    return c.json(session, 202, { Location, 'Preference-Applied': 'respond-async' });
  });

function readHeaders(c: Context): { idempotencyKey: string | undefined; respondAsync: boolean } {
  const received = {
    'idempotency-key': c.req.header('idempotency-key'),
    prefer: c.req.header('prefer'),
  };
  const parsed = parseInput(headersSchema, received, 'header');
  return { idempotencyKey: parsed['idempotency-key'], respondAsync: parsed.prefer };
}
