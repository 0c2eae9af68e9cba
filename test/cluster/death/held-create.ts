import { CoreV1Api } from '@kubernetes/client-node';
import type { InstanceId, SessionId } from '@steppe/contracts/ids';
import {
  annotation,
  label,
  readInstanceId,
} from '@steppe/control-plane/provisioner/kubernetes/pods/pod-labels';
import { createInternalTokenSigner } from '@steppe/service-kit/auth/internal-token/signer';
import { systemClock } from '@steppe/service-kit/process/clock';
import { eventually } from '@steppe/service-kit/testing/eventually';
import { importJWK } from 'jose';
import { expect } from 'vitest';
import * as z from 'zod';
import { kubectlRead } from '../harness/commands.ts';
import { type Release, releaseName } from '../harness/release.ts';
import { loadAdmin } from '../support/namespaces.ts';
import { boundMs } from './release-under-faults.ts';

interface WarmInstance {
  instanceId: InstanceId;
  address: string;
}

/** A Python instance of the pool, as soon as there is one. */
export const warmInstance = ({ sessionsNamespace: namespace }: Release): Promise<WarmInstance> =>
  eventually(async () => {
    const core = loadAdmin().makeApiClient(CoreV1Api);
    const labelSelector = `${label.state}=warm,${label.runtime}=python`;
    const [pod] = (await core.listNamespacedPod({ namespace, labelSelector })).items;
    const instanceId = readInstanceId(pod?.metadata?.labels ?? {});
    const address = pod?.metadata?.annotations?.[annotation.address];
    if (!instanceId || !address) throw new Error('no instance is warm');
    return { instanceId, address };
  }, boundMs);

const privateKeySchema = z.looseObject({ kid: z.string() });

/** Waits until the agent of the instance serves the session. Calls it as the data-plane does. */
export async function untilBound(
  { namespace }: Release,
  { instanceId, address }: WarmInstance,
  sessionId: SessionId,
): Promise<void> {
  const secret = ['secret', `${releaseName}-data-plane-key`];
  const encoded = await kubectlRead(namespace, secret, '{.data.private\\.json}');
  const jwk = privateKeySchema.parse(JSON.parse(Buffer.from(encoded, 'base64').toString()));
  const privateKey = await importJWK(jwk, 'EdDSA');
  if (!('type' in privateKey)) throw new Error('the key is not an asymmetric one');
  const key = { kid: jwk.kid, privateKey };
  const signer = createInternalTokenSigner('data-plane', key, systemClock);
  const authorization = `Bearer ${await signer.sign(instanceId, sessionId)}`;
  await eventually(async () => {
    const url = `${address}/v1/sessions/${sessionId}/steps`;
    expect((await fetch(url, { headers: { authorization } })).status).toBe(200);
  }, boundMs);
}
