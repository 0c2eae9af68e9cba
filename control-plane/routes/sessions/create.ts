import { limits } from '@steppe/contracts/limits';
import { createSessionSchema } from '@steppe/contracts/session';
import { parseInput } from '@steppe/service-kit/parse-input';
import { readJson } from '@steppe/service-kit/read-json';
import { refuseQuery } from '@steppe/service-kit/read-query';
import { z } from 'zod';
import { createSession } from '../../sessions/create-session.ts';
import { describeSession, toSession } from '../../sessions/describe-session.ts';
import { authorised } from '../authorised.ts';

const headersSchema = z.object({
  'idempotency-key': z
    .string()
    .regex(/^[\x20-\x7e]{1,255}$/, 'an Idempotency-Key is 1 to 255 printable characters of ASCII')
    .optional(),
});

export const create = authorised('create_session', async ({ c, principal: { tenantId, sessionQuota }, services }) => {
  refuseQuery(c.req.url);
  const headers = parseInput(headersSchema, { 'idempotency-key': c.req.header('idempotency-key') }, 'header');
  const body = await readJson(c.req.raw, createSessionSchema, { maxBytes: limits.requestBodyBytes, mayBeEmpty: true });
  const { record, live } = await createSession(services, {
    tenantId,
    sessionQuota,
    body,
    idempotencyKey: headers['idempotency-key'],
    client: c.req.raw.signal,
  });
  c.set('logFields', { ...c.var.logFields, session_id: record.session_id, instance_id: record.instance_id });
  const session = live ? toSession(record, live) : await describeSession(services, record);
  return c.json(session, 201, { Location: `/v1/sessions/${record.session_id}` });
});
