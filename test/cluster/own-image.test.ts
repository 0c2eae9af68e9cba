import { execFileSync } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CoreV1Api, type V1Pod } from '@kubernetes/client-node';
import { newInstanceId } from '@steppe/contracts/testing/new-ids';
import { expect, test } from 'vitest';
import { engine, root, tagged, version } from '../images/support/built-images.ts';
import { createNamespace, loadAdmin } from './support/namespaces.ts';

/** The Dockerfiles that docs/kubernetes.md shows, by their language. */
const shown = new Map(
  [
    ...readFileSync(join(root, 'docs/kubernetes.md'), 'utf8').matchAll(/```dockerfile\n(.*?)```/gs),
  ].map(([, text = '']) => [/runtime-(\w+)/.exec(text)?.[1] ?? '', text]),
);

test.each(['python', 'node'])(
  'a worker gets ready in a %s image of two lines',
  async (language) => {
    const text = shown.get(language) ?? '';
    expect(text.trim().split('\n')).toHaveLength(3);
    const image = buildAndLoad(text, language);
    const core = loadAdmin().makeApiClient(CoreV1Api);
    const namespace = await createNamespace('own-image');
    try {
      const publicKey = generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' });
      const keys = JSON.stringify({
        keys: [{ ...publicKey, kid: 'test', alg: 'EdDSA', use: 'sig' }],
      });
      await core.createNamespacedConfigMap({
        namespace: namespace.name,
        body: {
          metadata: { name: 'keys' },
          data: { 'control-plane.json': keys, 'data-plane.json': keys },
        },
      });
      await core.createNamespacedPod({ namespace: namespace.name, body: sessionPod(image) });
      await expect
        .poll(async () => {
          const pod = await core.readNamespacedPod({ namespace: namespace.name, name: 'session' });
          return pod.status?.conditions?.find(({ type }) => type === 'Ready')?.status;
        })
        .toBe('True');
    } finally {
      await namespace.delete();
      engine.remove(image);
    }
  },
);

function buildAndLoad(dockerfile: string, language: string): string {
  const image = `localhost/steppe-test/own-${language}:${randomBytes(4).toString('hex')}`;
  const folder = mkdtempSync(join(tmpdir(), 'steppe-own-image-'));
  try {
    const text = dockerfile.replace('REGISTRY', 'localhost').replace('VERSION', version);
    writeFileSync(join(folder, 'Dockerfile'), text);
    engine.build(['--tag', image, '--file', join(folder, 'Dockerfile'), folder]);
  } finally {
    rmSync(folder, { recursive: true });
  }
  const images = [image, tagged('session-agent')];
  execFileSync(`${root}tools/cluster/image`, ['load', ...images], { stdio: ['ignore', 2, 2] });
  return image;
}

/** Ready means that the agent's worker is. */
function sessionPod(image: string): V1Pod {
  const env = Object.entries({
    STEPPE_INSTANCE_ID: newInstanceId(),
    STEPPE_RUN_DIR: '/run/steppe',
    STEPPE_WORKSPACE: '/workspace',
    STEPPE_KEYS_DIR: '/etc/steppe/keys',
    OPERATOR_PORT: '8071',
  }).map(([name, value]) => ({ name, value }));
  const common = {
    env,
    imagePullPolicy: 'IfNotPresent',
    securityContext: {
      readOnlyRootFilesystem: true,
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
    },
  };
  const shared = [
    { name: 'run', mountPath: '/run/steppe' },
    { name: 'workspace', mountPath: '/workspace' },
  ];
  return {
    metadata: { name: 'session' },
    spec: {
      automountServiceAccountToken: false,
      dnsPolicy: 'Default',
      terminationGracePeriodSeconds: 2,
      securityContext: { runAsUser: 10001, runAsGroup: 10001, runAsNonRoot: true, fsGroup: 10001 },
      initContainers: [
        {
          ...common,
          name: 'runtime',
          image,
          restartPolicy: 'Always',
          volumeMounts: [...shared, { name: 'tmp', mountPath: '/tmp' }],
        },
      ],
      containers: [
        {
          ...common,
          name: 'agent',
          image: tagged('session-agent'),
          readinessProbe: { httpGet: { path: '/readyz', port: 8071 }, periodSeconds: 1 },
          volumeMounts: [
            ...shared,
            { name: 'agent-tmp', mountPath: '/tmp' },
            { name: 'spool', mountPath: '/var/spool/steppe' },
            { name: 'keys', mountPath: '/etc/steppe/keys' },
          ],
        },
      ],
      volumes: [
        ...['workspace', 'tmp', 'agent-tmp', 'spool'].map((name) => ({ name, emptyDir: {} })),
        { name: 'run', emptyDir: { medium: 'Memory' } },
        { name: 'keys', configMap: { name: 'keys' } },
      ],
    },
  };
}
