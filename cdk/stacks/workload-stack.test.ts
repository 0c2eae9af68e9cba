import { Match } from 'aws-cdk-lib/assertions';
import { expect, test } from 'vitest';
import * as z from 'zod';
import { type ExampleChanges, exampleApp, templateOf } from '../testing/example-app.ts';

const workload = (changes?: ExampleChanges) => templateOf(exampleApp(changes), 'workload');

const manifests = () =>
  Object.values(workload().findResources('Custom::AWSCDK-EKS-KubernetesResource')).flatMap(
    ({ Properties }) =>
      z.array(z.looseObject({ kind: z.string() })).parse(JSON.parse(Properties.Manifest)),
  );

test('both namespaces demand the restricted pod security standard', () => {
  const namespaces = manifests().filter(({ kind }) => kind === 'Namespace');
  const restricted = { 'pod-security.kubernetes.io/enforce': 'restricted' };
  expect(namespaces).toMatchObject([
    { metadata: { name: 'steppe', labels: restricted } },
    { metadata: { name: 'steppe-sessions', labels: restricted } },
  ]);
});

test('private keys come from Secrets Manager, one secret for each plane', () => {
  const secrets = manifests().filter(({ kind }) => kind === 'ExternalSecret');
  const expected = ['control-plane', 'data-plane'].map((plane) => ({
    metadata: { name: `steppe-${plane}-key`, namespace: 'steppe' },
    spec: {
      data: [{ secretKey: 'private.json', remoteRef: { key: `steppe/example/${plane}-key` } }],
    },
  }));
  expect(secrets).toMatchObject(expected);
});

test('the operator of external secrets reads the two keys, and nothing else', () => {
  const arn = (plane: string) =>
    `arn:aws:secretsmanager:eu-central-1:123456789012:secret:steppe/example/${plane}-key-??????`;
  const template = workload();
  template.resourceCountIs('AWS::IAM::Policy', 1);
  template.hasResourceProperties('AWS::IAM::Policy', {
    PolicyDocument: {
      Statement: [
        {
          Action: ['secretsmanager:DescribeSecret', 'secretsmanager:GetSecretValue'],
          Effect: 'Allow',
          Resource: [arn('control-plane'), arn('data-plane')],
        },
      ],
    },
  });
});

test('public keys are a ConfigMap in the namespace of the sessions', () => {
  expect(manifests().filter(({ kind }) => kind === 'ConfigMap')).toMatchObject([
    {
      metadata: { name: 'steppe-public-keys', namespace: 'steppe-sessions' },
      data: { 'control-plane.json': '{"keys":[]}', 'data-plane.json': '{"keys":[]}' },
    },
  ]);
});

test('the chart is installed from infra/chart as the release steppe, with images by digest', () => {
  const digest = Match.stringLikeRegexp('/example/steppe/control-plane@sha256:');
  workload().hasResourceProperties('Custom::AWSCDK-EKS-HelmChart', {
    Release: 'steppe',
    Namespace: 'steppe',
    ChartAssetURL: Match.stringLikeRegexp('^s3://'),
    Values: Match.serializedJson(
      Match.objectLike({ images: Match.objectLike({ references: { controlPlane: digest } }) }),
    ),
  });
});

test('a firewall reads no bodies, and exists only if the settings say so', () => {
  workload().resourceCountIs('AWS::WAFv2::WebACL', 0);
  const template = workload({ service: { firewall: true } });
  const [firewall] = Object.values(template.findResources('AWS::WAFv2::WebACL'));
  const names = firewall?.Properties.Rules.map(({ Name }: { Name: string }) => Name);
  expect(names).toEqual(['reputation', 'rate']);
});

test('no stack builds or holds an image', () => {
  for (const name of ['storage', 'images', 'cluster', 'observe', 'workload']) {
    const app = exampleApp();
    templateOf(app, name);
    const assets = app.synth().getStackByName(`steppe-example-${name}`).assets;
    expect(assets.filter(({ packaging }) => packaging === 'container-image')).toEqual([]);
  }
});
