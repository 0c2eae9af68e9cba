import { stepListSchema } from '@steppe/contracts/step';
import { eventually } from '@steppe/service-kit/testing/eventually';
import { expect, test } from 'vitest';
import type { Client } from '../../support/api/client.ts';
import { fileUrl, listFiles } from '../../support/api/files.ts';
import { newTenant } from '../../support/api/issuer.ts';
import { python } from '../../support/api/languages.ts';
import { killRole } from './rig/instance-processes.ts';
import { useCluster } from './rig/use-cluster.ts';
import { sendInAllForms } from './rig/watched-step.ts';

// ROUTE_TTL_MS keeps a route in memory for the whole test.
const cluster = useCluster({ ROUTE_TTL_MS: '600000' });

/** A session whose route is cached, and a session of another tenant. */
async function twoSessions() {
  const { clientOf, createSession } = cluster();
  const [client, strangersClient] = [await clientOf(newTenant()), await clientOf(newTenant())];
  const [session, stranger] = [await createSession(client), await createSession(strangersClient)];
  await client.run(session.id, python.remember);
  const seenByStranger = async () => ({
    steps: stepListSchema.parse(
      await (await strangersClient.call('GET', `/v1/sessions/${stranger.id}/steps`)).json(),
    ).steps,
    files: (await listFiles(strangersClient, stranger.id)).entries,
  });
  return { client, session, stranger, seenByStranger };
}
const nothing = { steps: [], files: [] };

test('a step finds its session at its new address, and the new instance at the old one sees nothing', async () => {
  const { client, session, stranger, seenByStranger } = await twoSessions();
  await session.move(stranger.agentPort);
  const [json, sse, ndjson] = await sendInAllForms(client, session.id, {
    code: python.recall,
    step_id: 'moved',
  });
  const recalled = { status: 'completed', execution_count: 2, session_id: session.id };
  expect(json).toMatchObject({
    kind: 'result',
    result: { ...recalled, results: [{ 'text/plain': '42' }] },
  });
  for (const stream of [sse, ndjson]) {
    expect(stream?.kind === 'events' && stream.events.map(({ seq }) => seq)).toEqual([1, 2, 3]);
    expect(stream?.kind === 'events' && stream.events.at(-1)).toMatchObject(recalled);
  }
  expect(await seenByStranger()).toEqual(nothing);
});

const otherCalls: {
  what: string;
  call: (client: Client, id: string) => Promise<Response>;
  statuses: number[];
}[] = [
  {
    what: 'a list of steps',
    call: (client, id) => client.call('GET', `/v1/sessions/${id}/steps`),
    statuses: [200],
  },
  {
    what: 'a restart',
    call: (client, id) => client.call('POST', `/v1/sessions/${id}/restart`, {}),
    statuses: [200],
  },
  // The bytes streamed to the other instance cannot be sent a second time.
  {
    what: 'an upload',
    call: (client, id) => client.call('PUT', fileUrl(id, 'a'), 'x'.repeat(100_000)),
    statuses: [201, 503],
  },
];

test.each(otherCalls)(
  '$what never gets a response from another instance',
  async ({ call, statuses }) => {
    const { client, session, stranger, seenByStranger } = await twoSessions();
    await session.move(stranger.agentPort);
    expect(statuses).toContain((await call(client, session.id)).status);
    expect(await seenByStranger()).toEqual(nothing);
  },
);

test('a session whose agent died and whose address was reused gets 410', async () => {
  const { client, session, stranger, seenByStranger } = await twoSessions();
  killRole(session.instanceId, 'agent');
  session.proxy.retarget(stranger.agentPort);
  const responses = new Set<number>();
  await eventually(async () => {
    const error = await client.errorOf(
      client.call('POST', `/v1/sessions/${session.id}/steps`, { code: 'ran = True' }),
    );
    responses.add(error.status);
    expect(error).toMatchObject({ code: 'session_ended', details: { end_reason: 'crashed' } });
  });
  // Until its end is recorded, all that is known is that the agent does not respond: 503.
  expect([...responses].filter((status) => status !== 503)).toEqual([410]);
  expect(await seenByStranger()).toEqual(nothing);
});
