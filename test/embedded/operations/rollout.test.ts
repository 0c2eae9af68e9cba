import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sessionSchema } from '@steppe/contracts/session';
import { readEntries } from '@steppe/control-plane/provisioner/local-process/instances-directory';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { prepareServices, type Service, type Services } from '../../support/processes/services.ts';

let services: Services;
beforeAll(async () => {
  services = await prepareServices();
});
afterAll(() => services.close());

const patient = { timeout: 30_000, interval: 50 };

function startControlPlane(limits: Record<string, string>): Promise<Service> {
  const STEPPE_RUNTIMES = join(services.directory, 'runtimes.json');
  writeFileSync(
    STEPPE_RUNTIMES,
    JSON.stringify({ python: { pool_size: 1 }, node: null, 'python-data': null }),
  );
  const soon = {
    RECONCILE_INTERVAL_SECONDS: '1',
    RECONCILE_LEASE_SECONDS: '3',
    RECONCILE_GRACE_SECONDS: '1',
  };
  return services.start('control-plane', { STEPPE_RUNTIMES, ...soon, ...limits });
}

const warm = () =>
  readEntries(services.instancesDirectory).filter(({ address, owner }) => address && !owner);

async function create(plane: Service, token: string) {
  const response = await fetch(`${plane.url}/v1/sessions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}` },
  });
  return sessionSchema.parse(await response.json());
}

async function passesOf({ operatorUrl }: Service): Promise<number> {
  const metrics = await (await fetch(`${operatorUrl}/metrics`)).text();
  return Number(
    /^steppe_reconciler_passes_total\{outcome="complete".*\} (\d+)$/m.exec(metrics)?.[1] ?? 0,
  );
}

test('in a rollout each control-plane gives away what it would make itself, and neither ends the other’s', {
  timeout: 90_000,
}, async () => {
  const token = await services.tokenFor('rollout');
  const older = await startControlPlane({ STEPPE_MAX_CODE_BYTES: '1000' });
  await expect.poll(warm, patient).toHaveLength(1);
  const [old] = warm();
  const newer = await startControlPlane({ STEPPE_MAX_CODE_BYTES: '2000' });
  await expect.poll(warm, patient).toHaveLength(2);
  const made = warm().find(({ version }) => version !== old?.version);
  // The older one has the lease, and could end what is past the grace.
  const passes = await passesOf(older);
  await expect.poll(() => passesOf(older), patient).toBeGreaterThan(passes + 3);
  expect((await create(newer, token)).instance_id).toBe(made?.instanceId);
  const { instance_id } = await create(older, token);
  const given = readEntries(services.instancesDirectory).find(
    ({ instanceId }) => instanceId === instance_id,
  );
  expect(given?.version).toBe(old?.version);
});
