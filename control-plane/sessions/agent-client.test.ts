import { createServer } from 'node:http';
import { tenantIdSchema } from '@steppe/contracts/ids';
import { newInstanceId, newSessionId } from '@steppe/contracts/testing/new-ids';
import { realParts } from '@steppe/service-kit/testing/real-parts';
import { listen } from '@steppe/session-store/dynalite/listen';
import { afterEach, expect, it } from 'vitest';
import { makeInternalKeys } from '../testing/internal-keys.ts';
import { createAgentClient } from './agent-client.ts';

const opened: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0)) await close();
});

const instanceId = newInstanceId();
const signal = new AbortController().signal;
const binding = {
  session_id: newSessionId(),
  tenant_id: tenantIdSchema.parse('tenant'),
  env: {},
  resources: { cpu: '1', memory: '512Mi', ephemeral_storage: '1Gi' },
  expires_at: '2026-11-23T13:00:00.000Z',
  idle_timeout_seconds: 900,
};

/** A client and an agent that always responds with `body`; `null` breaks the connection. */
async function open(status: number, body: string | null) {
  const server = createServer((request, response) => {
    request.resume();
    if (body === null) response.destroy();
    else response.writeHead(status, { 'content-type': 'application/json' }).end(body);
  });
  const { endpoint: address, close } = await listen(server);
  const { signer } = await makeInternalKeys();
  const client = createAgentClient({ signer, ...realParts });
  opened.push(close, () => client.close());
  return { client, agent: { instanceId, address } };
}

it('ignores fields that only a newer agent sends in its responses', async () => {
  const newer = { zone: 'a', interpreter: { version: '3.14' } };
  const bound = await open(200, JSON.stringify({ instance_id: instanceId, epoch: 1, ...newer }));
  await bound.client.bind(bound.agent, binding, signal);
  const state = { epoch: 4, state: 'idle', last_active_at: '2026-11-23T12:00:00.000Z' };
  const idle = await open(200, JSON.stringify({ ...state, ...newer }));
  expect(await idle.client.state(idle.agent, signal)).toEqual(state);
  const updated = await open(204, '');
  await updated.client.updateLifetime(
    updated.agent,
    { expires_at: binding.expires_at, idle_timeout_seconds: 1 },
    signal,
  );
});

it.each([
  [409, '{"error":{"code":"already_bound"}}', 'the agent responded with status 409', false],
  [200, '{', 'the response of the agent is not valid JSON', false],
  [200, null, 'the agent cannot be reached (UND_ERR_SOCKET)', true],
])(
  'reports a response of %i with %j without an address or a path',
  async (status, body, detail, isUnreachable) => {
    const { client, agent } = await open(status, body);
    const failure = expect(client.bind(agent, binding, signal)).rejects;
    await failure.toMatchObject({ name: 'AgentCallError', detail, isUnreachable });
  },
);

it('names the instance and the path in the message, which is for the log', async () => {
  const { client, agent } = await open(500, '{}');
  await expect(client.state(agent, signal)).rejects.toThrow(
    `GET /internal/state of ${instanceId}: status 500`,
  );
});
