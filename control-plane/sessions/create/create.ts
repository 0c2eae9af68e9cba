import { createdRouteHeader, encodeCreatedRoute } from '@steppe/contracts/created-route';
import { createSessionSchema } from '@steppe/contracts/session';
import { type Call, respondJson } from '@steppe/service-kit/http/call';
import { parseInput, refuseQuery } from '@steppe/service-kit/http/parse-input';
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
  authorised('create_session', async ({ call, principal, readBody }) => {
    refuseQuery(call.search);
    const { idempotencyKey, respondAsync } = readHeaders(call);
    const body = await readBody(createSessionSchema, { mayBeEmpty: true });
    const { record, live } = await createSession(services, {
      tenantId: principal.tenantId,
      body,
      idempotencyKey,
      sessionQuota: principal.sessionQuota,
      respondAsync,
      client: clientSignal(call),
    });
    Object.assign(call.logFields, {
      session_id: record.session_id,
      instance_id: record.instance_id,
    });
    const session = live ? toSession(record, live) : await describeSession(services, record);
    const Location = `/v1/sessions/${record.session_id}`;
    if (record.state === 'provisioning')
      return respondJson(call, session, 202, { Location, 'Preference-Applied': 'respond-async' });
    const route =
      record.state === 'ready' ? { [createdRouteHeader]: encodeCreatedRoute(record) } : {};
    return respondJson(call, session, 201, { Location, ...route });
  });

/** Aborts when the client leaves before it has its response. */
function clientSignal({ outgoing }: Call): AbortSignal {
  const left = new AbortController();
  outgoing.once('close', () => outgoing.writableFinished || left.abort());
  return left.signal;
}

function readHeaders(call: Call): { idempotencyKey: string | undefined; respondAsync: boolean } {
  const received = {
    'idempotency-key': call.incoming.headers['idempotency-key'],
    prefer: call.incoming.headers.prefer,
  };
  const parsed = parseInput(headersSchema, received, 'header');
  return { idempotencyKey: parsed['idempotency-key'], respondAsync: parsed.prefer };
}
