import { expect, test } from 'vitest';
import { createHistory } from '../history/history.ts';
import { Kernel } from '../kernel/kernel.ts';
import { createSimulatedClock } from '../kernel/simulated-clock.ts';
import { noNetworkFaults } from '../network/network-faults.ts';
import { SimulatedNetwork } from '../network/simulated-network.ts';
import { driveKernel } from '../testing/drive-kernel.ts';
import { clientNumbers, startClients } from './start-clients.ts';

async function runWithoutPlanes(numbers: readonly number[]) {
  const kernel = new Kernel({ seed: 1 });
  const history = createHistory(kernel);
  const options = { faults: noNetworkFaults, onFault: () => {}, resolve: () => undefined };
  const network = new SimulatedNetwork(kernel, options);
  const clock = createSimulatedClock(kernel);
  const dataPlaneUrls = ['http://10.0.0.1:8080'];
  const parts = { kernel, clock, history, network, dataPlaneUrls, sessionQuota: 3 };
  const done = new Promise<void>((resolve) => startClients(parts, { numbers, size: 1 }, resolve));
  await driveKernel(kernel, done);
  return history;
}

test('tries again and then leaves where nobody responds, and finds no fault with that', async () => {
  const history = await runWithoutPlanes(clientNumbers);
  expect(history.violations).toEqual([]);
  expect(history.counts.get('call broken')).toBeGreaterThan(clientNumbers.length);
  expect(history.unwanted.size).toBe(4 * clientNumbers.length);
});

test('is done at once without clients', async () => {
  const history = await runWithoutPlanes([]);
  expect(history.counts.size).toBe(0);
});
