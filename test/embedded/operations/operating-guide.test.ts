import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { failedReasonSchema } from '@steppe/contracts/end-reason';
import { createRegistry } from '@steppe/service-kit/http/http-metrics';
import { sessionsTable } from '@steppe/session-store/dynamodb/key-schema';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import * as z from 'zod';
import { controlPlaneVariables } from '../../../control-plane/config.ts';
import { createPodInformerMetrics } from '../../../control-plane/provisioner/kubernetes/pod-informer-metrics.ts';
import { prepareServices, type Services } from '../../support/processes/services.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const read = (path: string): Promise<string> => readFile(`${root}${path}`, 'utf8');

const alertsSchema = z.object({
  groups: z.array(
    z.object({
      rules: z.array(
        z.object({
          alert: z.string(),
          expr: z.string(),
          annotations: z.object({ runbook: z.string() }),
        }),
      ),
    }),
  ),
});
const dashboardSchema = z.object({
  panels: z.array(z.object({ targets: z.array(z.object({ expr: z.string() })).default([]) })),
});

async function readAlerts() {
  return alertsSchema
    .parse(parse(await read('infra/prometheus/alerts.yaml')))
    .groups.flatMap(({ rules }) => rules);
}

async function readDashboardExpressions(): Promise<string[]> {
  const { panels } = dashboardSchema.parse(JSON.parse(await read('infra/grafana/steppe.json')));
  return panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
}

const namesIn = (text: string): string[] => [
  ...new Set(text.match(/\b(?:steppe|nodejs|process)_[a-z0-9_]+\b/g)),
];

test('the tables of variables match the services: `make variables` writes them', async () => {
  const { stderr } = await promisify(execFile)(process.execPath, [
    `${root}tools/variables.mjs`,
    '--check',
  ]);
  expect(stderr).toBe('');
  const undescribed = (await read('docs/operating.md')).match(/^\| `[A-Z_]+` \|.*\| \|$/gm);
  expect(undescribed).toBeNull();
});

test('the dashboard times the creates that became ready, and shows why the reconciler acted', async () => {
  const expressions = (await readDashboardExpressions()).join('\n');
  expect(expressions.match(/steppe_session_create_duration_seconds_bucket\{?[^[]*/g)).toEqual([
    'steppe_session_create_duration_seconds_bucket{outcome="ready"}',
  ]);
  expect(expressions).toContain(
    'sum by (action, reason, outcome) (rate(steppe_reconciler_actions_total',
  );
});

test('the commands of the guide create the table that the key schema describes', async () => {
  const { defaultName, partitionKey, tenantIndex, liveIndex, ttlAttribute, attributeTypes } =
    sessionsTable;
  const [, made = '', cleaned = ''] =
    /^(aws dynamodb create-table[\s\S]*?)\naws dynamodb wait[\s\S]*?\n(.*update-time-to-live.*)$/m.exec(
      await read('docs/operating.md'),
    ) ?? [];
  const allIndexes = /--global-secondary-indexes ('[\s\S]*')/.exec(made)?.[1]?.split(/ \\\n\s+/);
  const wordsOf = (option: string) =>
    new RegExp(`--${option} (.*?)'?( \\\\)?$`, 'm').exec(made)?.[1];
  const pairs = Object.entries(attributeTypes).map(
    ([name, type]) => `AttributeName=${name},AttributeType=${type}`,
  );
  expect(wordsOf('attribute-definitions')).toBe(pairs.join(' '));
  expect(wordsOf('key-schema')).toBe(`AttributeName=${partitionKey},KeyType=HASH`);
  const keys = `{AttributeName=${tenantIndex.partitionKey},KeyType=HASH},{AttributeName=${tenantIndex.sortKey},KeyType=RANGE}`;
  const liveKey = `{AttributeName=${liveIndex.partitionKey},KeyType=HASH}`;
  const projected = `ProjectionType=INCLUDE,NonKeyAttributes=[${liveIndex.projected.join(',')}]`;
  expect(allIndexes).toEqual([
    `'IndexName=${tenantIndex.name},KeySchema=[${keys}],Projection={ProjectionType=ALL}'`,
    `'IndexName=${liveIndex.name},KeySchema=[${liveKey}],Projection={${projected}}'`,
  ]);
  expect(cleaned).toContain(
    `--table-name ${defaultName} --time-to-live-specification Enabled=true,AttributeName=${ttlAttribute}`,
  );
});

test('the command of the guide adds the index that an older table lacks', async () => {
  const { name, partitionKey, projected } = sessionsTable.liveIndex;
  const type = sessionsTable.attributeTypes[partitionKey];
  const [, definition, updates = ''] =
    /aws dynamodb update-table [\s\S]*?--attribute-definitions (\S+) [\s\S]*?--global-secondary-index-updates '(.*)'$/m.exec(
      await read('docs/operating.md'),
    ) ?? [];
  expect(definition).toBe(`AttributeName=${partitionKey},AttributeType=${type}`);
  expect(JSON.parse(updates)).toEqual([
    {
      Create: {
        IndexName: name,
        KeySchema: [{ AttributeName: partitionKey, KeyType: 'HASH' }],
        Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: projected },
      },
    },
  ]);
});

test('the guide lists exactly the permissions that the session store needs', async () => {
  const folder = `${root}session-store/dynamodb/`;
  const names = (await readdir(folder, { recursive: true })).filter(
    (name) => /(?<!\.test)\.ts$/.test(name) && name !== 'ensure-table.ts',
  );
  const sources = (
    await Promise.all(names.map((name) => readFile(`${folder}${name}`, 'utf8')))
  ).join('');
  const made = new Set([...sources.matchAll(/new ([A-Z]\w+)Command\(/g)].map(([, call]) => call));
  const [, said = ''] =
    /The control-plane needs (`GetItem`[^.]*)\./.exec(await read('docs/operating.md')) ?? [];
  expect(new Set([...said.matchAll(/`(\w+)`/g)].map(([, call]) => call))).toEqual(made);
});

test('every alert has a line in the guide, and every line an alert', async () => {
  const alerts = await readAlerts();
  const [, section = ''] = (await read('docs/operating.md')).split('\n## Alerts\n');
  const documented = [...section.matchAll(/^\| `(\w+)` \| \S/gm)].map(([, name]) => name);
  expect(documented.toSorted()).toEqual(alerts.map(({ alert }) => alert).toSorted());
  expect(new Set(alerts.map(({ annotations }) => annotations.runbook))).toEqual(
    new Set(['docs/operating.md#alerts']),
  );
});

test('the alert about the reconciler waits for two passes, even at the longest interval allowed', async () => {
  const stopped = (await readAlerts()).find(({ alert }) => alert === 'SteppeReconcilerStopped');
  const waitsSeconds = Number(/> (\d+)$/.exec(stopped?.expr ?? '')?.[1]);
  const isAllowed = (seconds: number) =>
    controlPlaneVariables.shape.RECONCILE_INTERVAL_SECONDS.safeParse(String(seconds)).success;
  expect([isAllowed(waitsSeconds / 2), isAllowed(waitsSeconds / 2 + 1)]).toEqual([true, false]);
});

test('the alert about creates counts our failures among creates that were not abandoned or refused', async () => {
  const outcomes: Record<string, 'counted' | 'among them' | 'left out'> = {
    ready: 'among them',
    ...Object.fromEntries(failedReasonSchema.options.map((reason) => [reason, 'counted'])),
    internal: 'counted',
    route_store_unavailable: 'counted',
    quota_exceeded: 'left out',
    idempotency_key_reused: 'left out',
    deleted: 'left out',
  };
  const { expr = '' } =
    (await readAlerts()).find(({ alert }) => alert === 'SteppeCreatesFail') ?? {};
  const [, counted = '', leftOut = ''] = /outcome=~"([^"]+)".*outcome!~"([^"]+)"/s.exec(expr) ?? [];
  const read = (outcome: string) =>
    counted.split('|').includes(outcome)
      ? 'counted'
      : leftOut.split('|').includes(outcome)
        ? 'left out'
        : 'among them';
  expect(
    Object.fromEntries(Object.keys(outcomes).map((outcome) => [outcome, read(outcome)])),
  ).toEqual(outcomes);
  const named = [counted, leftOut].flatMap((list) => list.split('|'));
  expect(named.filter((outcome) => !(outcome in outcomes))).toEqual([]);
});

describe('the metrics of both planes', () => {
  let services: Services;
  /** Every series that the services export, by the name that Prometheus stores it under. */
  const series = new Set<string>();
  const metrics = new Set<string>();

  beforeAll(async () => {
    services = await prepareServices();
    const controlPlane = await services.start('control-plane');
    const dataPlane = await services.start('data-plane', { CONTROL_PLANE_URL: controlPlane.url });
    const scraped = [controlPlane, dataPlane].map(async ({ operatorUrl }) =>
      (await fetch(`${operatorUrl}/metrics`)).text(),
    );
    // These services run without Kubernetes.
    const ofPods = createRegistry('control-plane');
    createPodInformerMetrics(ofPods, () => ({ size: 0, ageMs: () => 0 }));
    for (const text of await Promise.all([...scraped, ofPods.metrics()])) {
      for (const [, name = '', type] of text.matchAll(/^# TYPE (\S+) (\w+)$/gm)) {
        metrics.add(name);
        const suffixes = type === 'histogram' ? ['_bucket', '_sum', '_count'] : [''];
        for (const suffix of suffixes) series.add(`${name}${suffix}`);
      }
    }
  });
  afterAll(() => services.close());

  test('include every metric in the alerts', async () => {
    const unknown = (await readAlerts())
      .flatMap(({ expr }) => namesIn(expr))
      .filter((name) => !series.has(name));
    expect(unknown).toEqual([]);
  });

  test('include every metric in the dashboard, which shows each of ours', async () => {
    const named = (await readDashboardExpressions()).flatMap(namesIn);
    expect(named.filter((name) => !series.has(name))).toEqual([]);
    const ours = [...metrics].filter((name) => name.startsWith('steppe_'));
    expect(ours.filter((metric) => !named.some((name) => name.startsWith(metric)))).toEqual([]);
  });

  test('are described in the guides, each of ours in a table', async () => {
    const guide = (await read('docs/operating.md')) + (await read('docs/kubernetes.md'));
    const rows = [...guide.matchAll(/^\| `(steppe_[a-z_]+)` \|/gm)].map(([, name = '']) => name);
    expect(rows.toSorted()).toEqual(
      [...metrics].filter((name) => name.startsWith('steppe_')).toSorted(),
    );
    const elsewhere = namesIn(guide).filter(
      (name) => name.includes('_') && /_(total|seconds|bytes|bucket|seconds_bucket)$/.test(name),
    );
    expect(elsewhere.filter((name) => !series.has(name) && !metrics.has(name))).toEqual([]);
  });
});
