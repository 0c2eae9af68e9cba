import { sessionListSchema } from '@steppe/contracts/session';
import { eventually } from '@steppe/service-kit/testing/eventually';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type Client, connect } from '../../support/api/client.ts';
import { newTenant } from '../../support/api/issuer.ts';
import { python } from '../../support/api/languages.ts';
import type { Services } from '../../support/processes/services.ts';
import { isOurs, localStack } from '../harness/program.ts';
import { prepareTableServices, tableVariables } from '../harness/table-services.ts';

let services: Services;
let warmUrl: string;
let coldUrl: string;
beforeAll(async () => {
  services = await prepareTableServices();
  const env = { ...tableVariables(), DYNAMODB_TIMEOUT_MS: '6000', LOG_LEVEL: 'error' };
  const controlPlane = await services.start('control-plane', env);
  const planeEnv = { ...env, CONTROL_PLANE_URL: controlPlane.url, ROUTE_TTL_MS: '0' };
  const planes = [1, 2].map(() => services.start('data-plane', planeEnv));
  [warmUrl = '', coldUrl = ''] = (await Promise.all(planes)).map(({ url }) => url);
});
afterAll(() => services.close());
afterEach(async () => {
  if (isOurs()) await localStack('resume');
});

/** `warm` is a client of a data-plane that knows the session's route, `cold` of one that does not. */
async function open(): Promise<{ warm: Client; cold: Client; id: string }> {
  const token = await services.tokenFor(newTenant());
  const [warm, cold] = [connect(warmUrl, token), connect(coldUrl, token)];
  const { session_id: id } = await warm.createSession();
  await warm.run(id, python.remember);
  return { warm, cold, id };
}

test.runIf(isOurs())(
  'while LocalStack is stopped, steps on known routes run, and others get a retryable 503',
  async () => {
    const { warm, cold, id } = await open();
    await localStack('pause');
    for (const _ of [1, 2, 3])
      expect(await warm.run(id, python.recall)).toMatchObject({ status: 'completed' });
    const refused = { status: 503, code: 'route_store_unavailable', retryable: true };
    const step = { code: 'kept += 1', step_id: 'cold' };
    expect(
      await Promise.all([
        cold.errorOf(cold.call('POST', `/v1/sessions/${id}/steps`, step)),
        cold.errorOf(cold.call('POST', '/v1/sessions', {})),
        cold.errorOf(cold.call('GET', `/v1/sessions/${id}`)),
      ]),
    ).toMatchObject([refused, refused, refused]);

    await localStack('resume');
    const joined = await eventually(() => cold.run(id, step.code, step));
    expect(joined).toMatchObject({ status: 'completed', execution_count: 5 });
    expect(await eventually(() => warm.createSession())).toMatchObject({ state: 'ready' });
  },
);

test.runIf(isOurs())(
  'a create that meets the stop leaves no live session once LocalStack continues',
  async () => {
    const { warm } = await open();
    await localStack('pause');
    const refused = await warm.errorOf(warm.call('POST', '/v1/sessions', {}));
    expect(refused).toMatchObject({ status: 503, retryable: true });
    await localStack('resume');
    await eventually(async () => {
      const listed = await warm.call('GET', '/v1/sessions?state=ready');
      expect(sessionListSchema.parse(await listed.json()).sessions).toHaveLength(1);
    });
  },
);
