import { describe, expect, inject, test } from 'vitest';
import { kubectl, kubectlRead } from '../harness/commands.ts';
import { releaseName } from '../harness/release.ts';

const agentImage = () =>
  kubectlRead(
    inject('release').namespace,
    ['deployment', `${releaseName}-control-plane`],
    '{.spec.template.spec.containers[0].env[?(@.name=="AGENT_IMAGE")].value}',
  );

const container = {
  name: 'agent',
  securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
};
const securityContext = { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } };
const token = { serviceAccountToken: { path: 'token' } };

describe('of the pods that the administrator creates in the namespace of the sessions', () => {
  test.each<[string, object, RegExp]>([
    ['one of our shape is created', {}, /created/],
    [
      'one with another image is refused',
      { containers: [{ ...container, image: 'busybox:1' }] },
      /not in the list of images/,
    ],
    [
      'one with a token is refused',
      { automountServiceAccountToken: true },
      /automountServiceAccountToken: false/,
    ],
    [
      'one with a token as a volume is refused',
      { volumes: [{ name: 'token', projected: { sources: [token] } }] },
      /emptyDir volumes and the public keys alone/,
    ],
    [
      'one with a service account is refused',
      { serviceAccountName: 'other' },
      /no service account of its own|serviceaccount "other" not found/,
    ],
    ['one in the network of its node is refused', { hostNetwork: true }, /host namespaces/],
    [
      'one with files of its node is refused',
      { volumes: [{ name: 'files', hostPath: { path: '/' } }] },
      /hostPath/,
    ],
    [
      'one that runs as root is refused',
      { securityContext: { ...securityContext, runAsUser: 0 } },
      /runAsUser=0/,
    ],
  ])('%s', async (_, changes, outcome) => {
    const manifest = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'shape', namespace: inject('release').sessionsNamespace },
      spec: {
        automountServiceAccountToken: false,
        securityContext,
        containers: [{ ...container, image: await agentImage() }],
        ...changes,
      },
    };
    const create = ['create', '--dry-run=server', '--filename', '-'];
    const { stdout, stderr } = await kubectl(create, JSON.stringify(manifest));
    expect(stdout + stderr).toMatch(outcome);
  });
});
