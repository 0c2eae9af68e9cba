import { randomBytes } from 'node:crypto';
import { CoordinationV1Api, CoreV1Api, V1MicroTime } from '@kubernetes/client-node';
import { loadAdmin } from '../support/namespaces.ts';

const leases = 'kube-node-lease';
/** Far less than the time after which Kubernetes gives up a node. */
const renewalMs = 2_000;

export interface ReadyNode {
  /** What the node says of itself; at first it is ready. */
  report(isReady: boolean): Promise<void>;
  delete(): Promise<void>;
}

/** Creates a node that is ready and takes no pods, and renews its lease. */
export async function createReadyNode(): Promise<ReadyNode> {
  const name = `t-node-${randomBytes(4).toString('hex')}`;
  const core = loadAdmin().makeApiClient(CoreV1Api);
  const coordination = loadAdmin().makeApiClient(CoordinationV1Api);
  const report = async (isReady: boolean) => {
    const now = new Date();
    const condition = {
      type: 'Ready',
      status: isReady ? 'True' : 'False',
      reason: 'Test',
      lastHeartbeatTime: now,
      lastTransitionTime: now,
    };
    const body = [{ op: 'add', path: '/status/conditions', value: [condition] }];
    await core.patchNodeStatus({ name, body });
  };
  await core.createNode({ body: { metadata: { name }, spec: { unschedulable: true } } });
  await report(true);
  const spec = () => ({
    holderIdentity: name,
    leaseDurationSeconds: 40,
    renewTime: new V1MicroTime(),
  });
  const metadata = { name, namespace: leases };
  await coordination.createNamespacedLease({ namespace: leases, body: { metadata, spec: spec() } });
  const renew = async () => {
    const body = [{ op: 'replace', path: '/spec', value: spec() }];
    await coordination.patchNamespacedLease({ name, namespace: leases, body });
  };
  // The next renewal does what a failed one did not.
  const renewals = setInterval(() => void renew().catch(() => undefined), renewalMs);
  return {
    report,
    async delete() {
      clearInterval(renewals);
      await core.deleteNode({ name });
    },
  };
}
