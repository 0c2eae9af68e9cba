import { eventually } from '@steppe/service-kit/testing/eventually';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { kubectlRead, runOrThrow } from '../harness/commands.ts';
import { useRelease } from '../harness/use-release.ts';
import { isExistingCluster } from '../support/config.ts';
import { dataPlanePods } from './roll-planes.ts';
import { startLoad } from './session-load.ts';

const program = 'tools/cluster/metrics-server/metrics-server';

/** A cluster that somebody else started has one, or its administrator does not scale by CPU. */
async function metricsServer(command: 'install' | 'remove'): Promise<void> {
  if (!isExistingCluster()) await runOrThrow(program, [command]);
}

let installed: Promise<void>;
// Beside the release.
beforeAll(() => {
  installed = metricsServer('install');
  installed.catch(() => {});
});
afterAll(() => metricsServer('remove'));

const release = useRelease('autoscaling', {
  dataPlane: {
    // Far above what an idle data-plane uses, and far below what a busy one does.
    resources: { requests: { cpu: '30m' } },
    autoscaling: { enabled: true, minReplicas: 2, maxReplicas: 3, targetCpuPercent: 50 },
  },
});

/** Metrics of a new pod take three rounds of the metrics server and one of the autoscaler. */
const boundMs = 120_000;

test('the autoscaler adds a data-plane under load, and no call fails meanwhile', async () => {
  await installed;
  const { namespace, name, newClient } = release();
  const autoscaler = ['hpa', `${name}-data-plane`];
  const status = '{.status.desiredReplicas} {.status.currentMetrics[0].resource.current}';
  await eventually(async () => {
    expect(await kubectlRead(namespace, autoscaler, status)).toMatch(/^2 \{.*averageUtilization/);
  }, boundMs);
  expect(await dataPlanePods(release())).toHaveLength(2);

  const load = await startLoad(await newClient(), 4);
  await eventually(async () => expect(await dataPlanePods(release())).toHaveLength(3), boundMs);
  expect(await load.stop()).toEqual({});
}, 400_000);
