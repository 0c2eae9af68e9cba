import { AuthorizationV1Api } from '@kubernetes/client-node';
import { kubeRoleRules } from '@steppe/control-plane/provisioner/kubernetes/api/kube-role';
import { expect, inject, test } from 'vitest';
import { z } from 'zod';
import { kubectl, kubectlOrThrow, kubectlRead } from '../../harness/commands.ts';
import { releaseName } from '../../harness/release.ts';
import { loadAdmin } from '../../support/namespaces.ts';

const ruleSchema = z.object({
  verbs: z.array(z.string()),
  apiGroups: z.array(z.string()).optional(),
  resources: z.array(z.string()).optional(),
  nonResourceURLs: z.array(z.string()).optional(),
});
type Rule = z.infer<typeof ruleSchema>;

const reviewSchema = z.object({
  status: z.object({
    incomplete: z.literal(false),
    resourceRules: z.array(ruleSchema),
    nonResourceRules: z.array(ruleSchema),
  }),
});

/** A service account of the planes' namespace. */
const subject = (account: string) => ({
  user: `system:serviceaccount:${inject('release').namespace}:${account}`,
  groups: ['system:serviceaccounts', 'system:authenticated'],
});

function asAccount(account: string): string[] {
  const { user, groups } = subject(account);
  return [`--as=${user}`, ...groups.map((group) => `--as-group=${group}`)];
}

/** What `kubectl auth can-i --list` reads. */
async function rulesOf(account: string, namespace: string): Promise<Rule[]> {
  const review = {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SelfSubjectRulesReview',
    spec: { namespace },
  };
  const create = ['create', '--filename', '-', '--validate=false', '--output', 'json'];
  const printed = await kubectlOrThrow([...create, ...asAccount(account)], JSON.stringify(review));
  const { resourceRules, nonResourceRules } = reviewSchema.parse(JSON.parse(printed)).status;
  return [...resourceRules, ...nonResourceRules];
}

/** `group/resource: verb` for each permission that an account has beyond those of every account. */
async function permissionsOf(account: string, namespace: string): Promise<string[]> {
  const common = new Set((await rulesOf('default', namespace)).map((rule) => JSON.stringify(rule)));
  const rules = await rulesOf(account, namespace);
  return permissionsIn(rules.filter((rule) => !common.has(JSON.stringify(rule))));
}

const permissionsIn = (rules: readonly Rule[]): string[] =>
  rules
    .flatMap(({ verbs, apiGroups = [], resources = [], nonResourceURLs = [] }) =>
      [
        ...apiGroups.flatMap((group) => resources.map((name) => `${group}/${name}`)),
        ...nonResourceURLs,
      ].flatMap((object) => verbs.map((verb) => `${object}: ${verb}`)),
    )
    .toSorted();

const controlPlane = `${releaseName}-control-plane`;
const dataPlane = `${releaseName}-data-plane`;
const otherNamespaces = () => [inject('release').namespace, 'default', 'kube-system'];

test('the control-plane has exactly the permissions that it uses in the namespace of the sessions', async () => {
  const { sessionsNamespace } = inject('release');
  expect(await permissionsOf(controlPlane, sessionsNamespace)).toEqual(
    permissionsIn(kubeRoleRules),
  );
  for (const namespace of otherNamespaces())
    expect(await permissionsOf(controlPlane, namespace)).toEqual([]);
});

test('the data-plane may do nothing', async () => {
  for (const namespace of [inject('release').sessionsNamespace, ...otherNamespaces()])
    expect(await permissionsOf(dataPlane, namespace)).toEqual([]);
});

const subresources = ['exec', 'attach', 'portforward', 'proxy', 'ephemeralcontainers', 'log'];
const verbs = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete'];
/** Named as subresources: `pods/exec` would be a pod with the name `exec`. */
const neverAllowed = [
  ...subresources.map((subresource) => ({ resource: 'pods', subresource })),
  { resource: 'nodes', subresource: 'proxy' },
  { resource: 'serviceaccounts', subresource: 'token' },
  { resource: 'secrets' },
  { resource: 'configmaps' },
  { group: 'rbac.authorization.k8s.io', resource: 'roles' },
].flatMap((object) => verbs.map((verb) => ({ ...object, verb })));

test.each([controlPlane, dataPlane])('%s may not execute, nor read secrets', async (account) => {
  const authorization = loadAdmin().makeApiClient(AuthorizationV1Api);
  const { namespace, sessionsNamespace } = inject('release');
  const allowed: object[] = [];
  for (const attributes of neverAllowed) {
    for (const where of [namespace, sessionsNamespace]) {
      const resourceAttributes = { ...attributes, namespace: where };
      const { status } = await authorization.createSubjectAccessReview({
        body: { spec: { ...subject(account), resourceAttributes } },
      });
      if (status?.allowed) allowed.push(resourceAttributes);
    }
  }
  expect(allowed).toEqual([]);
});

test('the pods of the data-plane hold no token of a service account', async () => {
  const { namespace } = inject('release');
  const selector = ['--selector', 'app.kubernetes.io/component=data-plane'];
  const names = await kubectlRead(namespace, ['pods', ...selector], '{.items[*].metadata.name}');
  expect(names).not.toBe('');
  for (const name of names.split(' ')) {
    const list = ['exec', name, '--', 'sh', '-c', 'ls /var/run/secrets /run/secrets 2>&1'];
    const { stdout } = await kubectl(['--namespace', namespace, ...list]);
    expect(stdout.match(/No such file or directory/g)).toHaveLength(2);
    expect(await kubectlRead(namespace, ['pod', name], '{.spec.volumes[*].projected}')).toBe('');
  }
});
