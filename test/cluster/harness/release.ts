import { randomBytes } from 'node:crypto';
import { awaitConnection } from '@steppe/control-plane/provisioner/kubernetes/await-connection';
import { realParts } from '@steppe/service-kit/testing/real-parts';
import { connectTenant, newIssuerKey, newTenant, signToken } from '../../support/api/issuer.ts';
import type { ReleaseAddress, Target } from '../../support/api/target.ts';
import { imageRegistry } from '../support/config.ts';
import { helm, kubectl, kubectlOrThrow, kubectlRead } from './commands.ts';
import { describeRelease } from './describe-release.ts';
import { releaseValues, type Values } from './release-values.ts';
import { serviceUrl } from './service-url.ts';

/** The chart, installed in namespaces of its own, with an issuer whose key the tests hold. */
export interface Release extends Omit<Target, 'instance'>, ReleaseAddress {
  /** Prefix of the names of its objects. */
  name: string;
  /** `helm upgrade` with further values, which waits until the planes run with nothing else. */
  upgrade(values: Values): Promise<void>;
  /** `helm rollback` to the revision before, which waits until the planes run with nothing else. */
  rollback(): Promise<void>;
  /** What an engineer needs after a failure: pods, events, and the logs of the planes. */
  describe(): Promise<string>;
  /** Removes the release and its namespaces, without waiting for the latter. */
  uninstall(): Promise<void>;
}

interface InstallOptions {
  /** Part of the names of the namespaces. */
  purpose: string;
  /** Merged into the values of all tests, objects by key. */
  values?: Values;
  /** Objects that its namespace holds before the installation. */
  objects?: readonly object[];
}

export const releaseName = 'steppe';
const planes = ['control-plane', 'data-plane'];

/** Tokens outlive the whole run. */
const tokenLife = { expires: '3h' };

/** For the rules of a new service: kube-proxy writes them at most once a second. */
const routedWithinMs = 60_000;

/** Installs the chart with the example values `local`, and waits until its URL can be called. */
export async function installRelease({
  purpose,
  values = {},
  objects = [],
}: InstallOptions): Promise<Release> {
  const namespace = `t-${purpose}-${randomBytes(4).toString('hex')}`;
  const sessionsNamespace = `${namespace}-sessions`;
  const { issuerKey, jwks } = await newIssuerKey();
  const upgrade = async (further: Values) => {
    await runHelm(namespace, releaseValues(imageRegistry(), values, further));
    await awaitRollouts(namespace);
  };
  try {
    await kubectlOrThrow(['create', 'namespace', namespace]);
    await createIn(namespace, [issuerKeys(jwks), ...objects]);
    await upgrade({});
    const url = await serviceUrl(namespace, `${releaseName}-data-plane`);
    const signal = AbortSignal.timeout(routedWithinMs);
    await awaitConnection(url, { ...realParts, signal });
    return openRelease({ namespace, sessionsNamespace, url, issuerKey }, upgrade);
  } catch (error) {
    process.stderr.write(await describeRelease(namespace, sessionsNamespace));
    await uninstall(namespace);
    throw error;
  }
}

/** Installs a release for what `open` makes of it, and removes it if that fails. */
export async function openOnRelease<T>(
  options: InstallOptions,
  open: (release: Release) => Promise<T>,
): Promise<T> {
  const release = await installRelease(options);
  try {
    return await open(release);
  } catch (error) {
    await release.uninstall();
    throw error;
  }
}

function openRelease(address: ReleaseAddress, upgrade: Release['upgrade']): Release {
  const { namespace, sessionsNamespace, url, issuerKey } = address;
  const clientOf = (tenant: string) => connectTenant(url, issuerKey, tenant, tokenLife);
  return {
    ...address,
    name: releaseName,
    clientOf,
    newClient: () => clientOf(newTenant()),
    sign: (options) => signToken(issuerKey, options),
    upgrade,
    async rollback() {
      await helm(['rollback', releaseName, '--namespace', namespace]);
      await awaitRollouts(namespace);
    },
    describe: () => describeRelease(namespace, sessionsNamespace),
    uninstall: () => uninstall(namespace),
  };
}

const issuerKeys = (jwks: object): object => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'test-issuer' },
  data: { 'jwks.json': JSON.stringify(jwks) },
});

async function createIn(namespace: string, items: readonly object[]): Promise<void> {
  const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
  await kubectlOrThrow(['--namespace', namespace, 'create', '--filename', '-'], list);
}

async function runHelm(namespace: string, values: Values): Promise<void> {
  const install = ['upgrade', '--install', releaseName, 'infra/chart', '--namespace', namespace];
  const files = ['--values', 'infra/chart/examples/local.yaml', '--values', '-'];
  await helm([...install, ...files, '--timeout', '5m'], JSON.stringify(values));
}

/** A pod that is ending serves the connections it has for some seconds, so those must go too. */
async function awaitRollouts(namespace: string): Promise<void> {
  await Promise.all(
    planes.map((plane) =>
      kubectlOrThrow([
        ...['--namespace', namespace, 'rollout', 'status', `deployment/${releaseName}-${plane}`],
        '--timeout=180s',
      ]),
    ),
  );
  const ending = '{.items[?(@.metadata.deletionTimestamp)].metadata.name}';
  const names = await kubectlRead(namespace, ['pods'], ending);
  if (names === '') return;
  const gone = ['wait', 'pod', ...names.split(' '), '--for=delete', '--timeout=180s'];
  await kubectlOrThrow(['--namespace', namespace, ...gone]);
}

/** Without hooks: what a graceful removal does is not what most tests are about. */
async function uninstall(namespace: string): Promise<void> {
  await helm([
    'uninstall',
    releaseName,
    '--namespace',
    namespace,
    '--no-hooks',
    '--ignore-not-found',
  ]);
  await kubectl(['delete', 'namespace', namespace, '--wait=false']);
}
