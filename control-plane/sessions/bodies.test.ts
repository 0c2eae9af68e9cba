import { once } from 'node:events';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { errorBodySchema } from '@steppe/contracts/errors';
import type { TenantId } from '@steppe/contracts/ids';
import { newSessionId } from '@steppe/contracts/testing/new-ids';
import { newTenantId } from '@steppe/session-store/conformance/session-records';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import {
  type OpenControlPlane,
  openTestFixture,
  pathOf,
  type TestFixture,
} from '../testing/open-control-plane.ts';
import { authorizationOf } from '../testing/tenant-verifier.ts';

const kibibyte = 1024;
const opened: ClientRequest[] = [];
let fixture: TestFixture;
let plane: OpenControlPlane;
beforeAll(async () => {
  fixture = await openTestFixture();
  plane = await fixture.open(
    {},
    {},
    { bodyBudget: { tenantBytes: 100 * kibibyte, totalBytes: 150 * kibibyte } },
  );
});
afterEach(() => {
  for (const client of opened.splice(0)) client.destroy();
});
afterAll(() => fixture.close());

/** Announces a body but sends none of it. */
function announce(tenantId: TenantId, method: string, path: string, bytes: number): ClientRequest {
  const client = request({ host: '127.0.0.1', port: plane.port, method, path, agent: false });
  client.setHeader('authorization', authorizationOf(tenantId));
  client.setHeader('content-type', 'application/json').setHeader('content-length', bytes);
  client.on('error', () => {}).flushHeaders();
  opened.push(client);
  return client;
}

async function refusalOf(client: ClientRequest) {
  const [response] = (await once(client, 'response')) as [IncomingMessage];
  let text = '';
  for await (const chunk of response) text += chunk;
  return {
    status: response.statusCode,
    headers: response.headers,
    ...errorBodySchema.parse(JSON.parse(text)).error,
  };
}

it('returns 404 to a patch of a missing session before any of its body arrives', async () => {
  const refused = await refusalOf(
    announce(newTenantId(), 'PATCH', pathOf(newSessionId()), 8 * kibibyte * kibibyte),
  );
  expect(refused).toMatchObject({ status: 404, code: 'session_not_found' });
});

it('returns 429 while bodies fill the budget of their tenant or of all tenants', async () => {
  const [tenantId, other] = [newTenantId(), newTenantId()];
  const held = announce(tenantId, 'POST', '/v1/sessions', 100 * kibibyte);
  const create = () => plane.call(tenantId, 'POST', '/v1/sessions', { body: { runtime: 'none' } });
  await expect.poll(create).toMatchObject({ status: 429 });
  const own = await refusalOf(announce(tenantId, 'POST', '/v1/sessions', 1000));
  expect(own).toMatchObject({
    status: 429,
    code: 'rate_limited',
    retryable: true,
    details: { limit: 'tenant_bodies' },
  });
  expect(own.headers['retry-after']).toBe('1');
  const all = await refusalOf(announce(other, 'POST', '/v1/sessions', 60 * kibibyte));
  expect(all).toMatchObject({ status: 429, code: 'rate_limited', details: { limit: 'bodies' } });
  held.destroy();
  await expect.poll(create).toMatchObject({ status: 400 });
});

it('refuses a body with too much nesting or too many values before it is parsed', async () => {
  const large = await fixture.open();
  const nested = JSON.parse(`${'{"a":'.repeat(100)}1${'}'.repeat(100)}`);
  const deep = await large.call(newTenantId(), 'POST', '/v1/sessions', { body: { env: nested } });
  expect(deep).toMatchObject({
    status: 400,
    body: { error: { code: 'invalid_request', details: { limit: 'depth' } } },
  });
  const env = Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`A${i}`, '']));
  const many = await large.call(newTenantId(), 'POST', '/v1/sessions', { body: { env } });
  expect(many).toMatchObject({
    status: 413,
    body: { error: { code: 'payload_too_large', details: { limit: 'values' } } },
  });
});
