import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createIds } from '@steppe/contracts/ids';
import { systemClock } from '@steppe/service-kit/process/clock';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { KubeApi } from '../kube-api.ts';
import { type FakeApiServer, sendJson, startFakeApiServer } from '../testing/fake-api-server.ts';
import { fakePod, fakeStatus } from '../testing/fake-objects.ts';
import { createClientKubeApi } from './client-kube-api.ts';

describe('credentials of the API server', () => {
  let directory: string;
  let tokenFile: string;
  let server: FakeApiServer;
  let api: KubeApi;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'steppe-token-'));
    tokenFile = join(directory, 'token');
    await writeFile(tokenFile, 'first\n');
    // As client-node describes the service account of a pod.
    server = await startFakeApiServer({
      authProvider: { name: 'tokenFile', config: { tokenFile } },
    });
    const ids = createIds(systemClock);
    const options = { load: server.load, namespace: 'sessions', clock: systemClock, ids };
    api = createClientKubeApi(options);
  });
  afterEach(async () => {
    await api.close();
    await server.close();
    await rm(directory, { recursive: true });
  });

  /** Accepts this token alone. */
  const accept = (token: string) =>
    server.respond((request, response) => {
      const isKnown = request.authorization === `Bearer ${token}`;
      const [status, body] = isKnown
        ? ([200, fakePod('steppe-a', '1')] as const)
        : ([401, fakeStatus(401, 'Unauthorized')] as const);
      sendJson(status, body)(request, response);
    });

  it('reads the token again when the API server refuses it, once for all calls', async () => {
    accept('first');
    await api.pods.get('steppe-a');
    await writeFile(tokenFile, 'second\n');
    accept('second');
    const calls = Array.from({ length: 5 }, () => api.pods.get('steppe-a'));
    const found = await Promise.all(calls);
    expect(found.every((pod) => pod?.metadata.name === 'steppe-a')).toBe(true);
  });

  it('throws forbidden if the new token is refused too', async () => {
    accept('another');
    const error = { kind: 'forbidden', status: 401 };
    await expect(api.pods.get('steppe-a')).rejects.toMatchObject(error);
    expect(server.requests).toHaveLength(2);
  });

  it('throws unavailable while the token cannot be read, and recovers', async () => {
    await rm(tokenFile);
    const early = api.pods.patch('steppe-a', {}, { resourceVersion: '1' });
    await expect(early).rejects.toMatchObject({ kind: 'unavailable' });
    await writeFile(tokenFile, 'third');
    accept('third');
    expect((await api.pods.get('steppe-a'))?.metadata.name).toBe('steppe-a');
  });
});
