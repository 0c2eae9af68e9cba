import { sessionSchema } from '@steppe/contracts/session';
import { expectEventually } from '@steppe/service-kit/testing/eventually';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { prepareServices, type Service, type Services } from '../../support/processes/services.ts';
import { instancesOf, pidOf } from '../faults/rig/instance-processes.ts';

let services: Services;
let plane: Service;
beforeAll(async () => {
  services = await prepareServices();
  plane = await services.start('control-plane', { STEPPE_POOL_SIZE: '1' });
});
afterAll(() => services.close());

const timeout = 30_000;

test.each(['python', 'node'])(
  'a session of %s begins at epoch 1, even if its warm instance lost an interpreter',
  async (runtime) => {
    const warmCount = async () =>
      new RegExp(`^steppe_pool_instances\\{.*runtime="${runtime}".*\\} 1$`, 'm').test(
        await (await fetch(`${plane.operatorUrl}/metrics`)).text(),
      );
    await expectEventually(warmCount, timeout).toBe(true);
    const [instanceId = ''] = instancesOf(services.instancesDirectory, `/${runtime}/supervisor`);
    const worker = pidOf(instanceId, 'worker');
    process.kill(worker, 'SIGKILL');
    // The agent spawns another worker once it has noticed.
    const another = () => {
      try {
        return pidOf(instanceId, 'worker');
      } catch {
        return worker;
      }
    };
    await expectEventually(another, timeout).not.toBe(worker);
    const headers = {
      authorization: `Bearer ${await services.tokenFor(runtime)}`,
      'content-type': 'application/json',
    };
    const response = await fetch(`${plane.url}/v1/sessions`, {
      method: 'POST',
      headers,
      body: JSON.stringify({ runtime }),
    });
    expect(response.status).toBe(201);
    const session = sessionSchema.parse(await response.json());
    expect(session.epoch).toBe(1);
    expect(session.instance_id).not.toBe(instanceId);
  },
);
