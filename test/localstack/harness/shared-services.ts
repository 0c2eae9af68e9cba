import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { issuerName } from '../../support/api/issuer.ts';
import { startBalancer } from '../../support/sockets/balancer.ts';
import { readTestConfig } from './config.ts';
import { startRecorder } from './recorder.ts';
import { prepareTableServices, tableVariables } from './table-services.ts';

/**
 * Starts both planes for all files of a project, on the deployed table: one control-plane, and two
 * data-planes that take turns. All that they do with DynamoDB is recorded. They find DynamoDB as an
 * application does: by the SDK's own variables.
 */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { endpoint, usesFile } = readTestConfig();
  const [ofControlPlane, ofDataPlanes, balancer] = await Promise.all([
    startRecorder('control-plane', endpoint, usesFile),
    startRecorder('data-plane', endpoint, usesFile),
    startBalancer(),
  ]);
  const services = await prepareTableServices();
  const env = { ...tableVariables(), JWT_ISSUER: issuerName };
  const controlPlane = await services.start('control-plane', {
    ...env,
    AWS_ENDPOINT_URL: ofControlPlane.endpoint,
    STEPPE_POOL_SIZE: '2',
    SESSIONS_PER_TENANT: '100',
    MAX_TTL_SECONDS: String(7 * 24 * 3600),
  });
  const dataPlanes = await Promise.all(
    [1, 2].map(() =>
      services.start('data-plane', {
        ...env,
        AWS_ENDPOINT_URL: ofDataPlanes.endpoint,
        CONTROL_PLANE_URL: controlPlane.url,
      }),
    ),
  );
  balancer.pointAt(dataPlanes.map(({ url }) => url));
  const issuerKey = JSON.parse(
    readFileSync(join(services.directory, 'caller.private.json'), 'utf8'),
  );
  project.provide('services', { url: balancer.url, issuerKey });
  return async () => {
    await balancer.close();
    await services.close();
    await Promise.all([ofControlPlane.close(), ofDataPlanes.close()]);
  };
}
