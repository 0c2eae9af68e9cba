import { sessionSchema } from '@steppe/contracts/session';
import { eventually } from '@steppe/service-kit/testing/eventually';
import { expect, test } from 'vitest';
import { boundMs, expectNothingLeft, valuesUnderFaults } from '../death/release-under-faults.ts';
import { useRelease } from '../harness/use-release.ts';
import { cluster } from '../support/cluster-program.ts';

const release = useRelease('api-server', valuesUnderFaults);

const creates = 6;

test('creates during a restart of the API server succeed or are 503, and leave nothing', {
  timeout: 4 * boundMs,
}, async () => {
  const clients = await Promise.all(Array.from({ length: creates }, () => release().newClient()));
  // A new service has no route until kube-proxy has written its rules.
  await eventually(() => clients[0]?.call('GET', '/v1/runtimes'), boundMs);
  const responses = clients.map((client) =>
    client.call('POST', '/v1/sessions', { resources: { memory: '200Mi' } }),
  );
  await Promise.race(responses);
  await cluster('restart', 'kube-apiserver');
  await Promise.all(
    clients.map(async (client, at) => {
      const response = await responses[at];
      if (response?.status === 201) {
        const session = sessionSchema.parse(await response.json());
        const { session_id: id } = session;
        expect((await client.run(id, '6 * 7')).status).toBe('completed');
        expect((await client.call('DELETE', `/v1/sessions/${id}`)).status).toBe(204);
        await expectNothingLeft(release(), client, session);
      } else {
        expect(response?.status).toBe(503);
        expect(await (await client.call('GET', '/v1/sessions?state=ready')).json()).toMatchObject({
          sessions: [],
        });
      }
    }),
  );
});
