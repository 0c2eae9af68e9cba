import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { folder } from '../../stage/read-stage.ts';
import { exampleApp, templateOf } from '../../testing/example-app.ts';
import {
  differences,
  type KubernetesObject,
  parseObjects,
  renderChart,
} from '../../testing/render-chart.ts';

/** What is rendered from the values of the synthesized template, and the chart's golden `aws`. */
let rendered: Map<string, KubernetesObject>;
let golden: Map<string, KubernetesObject>;

beforeAll(() => {
  const charts = templateOf(exampleApp(), 'workload').findResources('Custom::AWSCDK-EKS-HelmChart');
  const chart = Object.values(charts).find(({ Properties }) => Properties.Release === 'steppe');
  rendered = byName(renderChart(chart?.Properties.Values));
  const file = resolve(folder, '../infra/chart/golden/aws.yaml');
  golden = byName(parseObjects(readFileSync(file, 'utf8')));
}, 600_000);

test('the values leave out the namespace and keys that exist, and what needs Prometheus', () => {
  expect([...rendered.keys()].filter((name) => !golden.has(name))).toEqual([]);
  expect([...golden.keys()].filter((name) => !rendered.has(name))).toMatchInlineSnapshot(`
    [
      "Namespace /steppe-sessions",
      "ConfigMap steppe/steppe-dashboard",
      "PrometheusRule steppe/steppe",
      "ServiceMonitor steppe/steppe",
      "ServiceAccount steppe/steppe-make-keys",
      "ServiceAccount steppe/steppe-publish-keys",
      "Role steppe-sessions/steppe-end-sessions",
      "Role steppe/steppe-make-keys",
      "Role steppe/steppe-publish-keys",
      "Role steppe-sessions/steppe-publish-keys",
      "RoleBinding steppe-sessions/steppe-end-sessions",
      "RoleBinding steppe/steppe-make-keys",
      "RoleBinding steppe/steppe-publish-keys",
      "RoleBinding steppe-sessions/steppe-publish-keys",
      "Job steppe/steppe-make-keys",
      "Job steppe/steppe-publish-keys",
    ]
  `);
});

test('everything else is what the golden rendering has, but for what the values say', () => {
  const changed = [...rendered].flatMap(([name, object]) =>
    golden.has(name) ? differences(golden.get(name), object, name) : [],
  );
  expect(changed).toMatchInlineSnapshot(`
    [
      "NetworkPolicy steppe/steppe-control-plane.spec.egress.3",
      "NetworkPolicy steppe/steppe-data-plane.spec.egress.4",
      "ServiceAccount steppe/steppe-control-plane.metadata.annotations",
      "ServiceAccount steppe/steppe-data-plane.metadata.annotations",
      "ConfigMap steppe/steppe-control-plane.data.pod.yaml",
      "ConfigMap steppe/steppe-control-plane.data.runtimes.json",
      "Deployment steppe/steppe-control-plane.spec.template.metadata.annotations.checksum/config",
      "Deployment steppe/steppe-control-plane.spec.template.spec.containers.0.env.12.value",
      "Deployment steppe/steppe-control-plane.spec.template.spec.containers.0.env.15.value",
      "Deployment steppe/steppe-control-plane.spec.template.spec.containers.0.image",
      "Deployment steppe/steppe-data-plane.spec.template.spec.containers.0.env.13.value",
      "Deployment steppe/steppe-data-plane.spec.template.spec.containers.0.image",
      "Ingress steppe/steppe-data-plane.metadata.annotations.alb.ingress.kubernetes.io/certificate-arn",
      "Ingress steppe/steppe-data-plane.metadata.annotations.alb.ingress.kubernetes.io/healthcheck-path",
      "Ingress steppe/steppe-data-plane.metadata.annotations.alb.ingress.kubernetes.io/listen-ports",
      "Ingress steppe/steppe-data-plane.metadata.annotations.alb.ingress.kubernetes.io/load-balancer-attributes",
      "Ingress steppe/steppe-data-plane.metadata.annotations.alb.ingress.kubernetes.io/ssl-policy",
      "ValidatingAdmissionPolicy /steppe-steppe-pod-shape.spec.variables.0.expression",
      "Role steppe/steppe-end-sessions.rules.2",
      "Job steppe/steppe-end-sessions.spec.template.spec.containers.0.env.10.name",
      "Job steppe/steppe-end-sessions.spec.template.spec.containers.0.env.10.value",
      "Job steppe/steppe-end-sessions.spec.template.spec.containers.0.env.11",
      "Job steppe/steppe-end-sessions.spec.template.spec.containers.0.env.3.value",
      "Job steppe/steppe-end-sessions.spec.template.spec.containers.0.env.7.value",
      "Job steppe/steppe-end-sessions.spec.template.spec.containers.0.env.9.name",
      "Job steppe/steppe-end-sessions.spec.template.spec.containers.0.env.9.value",
      "Job steppe/steppe-end-sessions.spec.template.spec.containers.0.image",
    ]
  `);
});

const byName = (objects: readonly KubernetesObject[]) =>
  new Map(objects.map((object) => [nameOf(object), object]));

const nameOf = ({ kind, metadata }: KubernetesObject): string =>
  `${kind} ${metadata.namespace ?? ''}/${metadata.name}`;
