import { readFile } from 'node:fs/promises';
import { endedReasonSchema, failedReasonSchema } from '@steppe/contracts/end-reason';
import { errorKinds } from '@steppe/contracts/errors';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import * as z from 'zod';
import { labelsOfSeries } from './exported-metrics.ts';
import { type Aggregation, readQuery, type Selector } from './promql.ts';

/** A query of an alert or a panel, and the texts that show its result. */
interface Shown {
  expr: string;
  texts: string[];
}

const infra = (path: string): Promise<string> =>
  readFile(new URL(`../../../infra/${path}`, import.meta.url), 'utf8');

const alertsSchema = z.object({
  groups: z.array(
    z.object({
      rules: z.array(z.object({ expr: z.string(), annotations: z.record(z.string(), z.string()) })),
    }),
  ),
});
const dashboardSchema = z.object({
  panels: z.array(
    z.object({
      targets: z.array(z.object({ expr: z.string(), legendFormat: z.string() })).default([]),
    }),
  ),
});

async function alerts(): Promise<Shown[]> {
  const { groups } = alertsSchema.parse(parse(await infra('prometheus/alerts.yaml')));
  return groups.flatMap(({ rules }) =>
    rules.map(({ expr, annotations }) => ({ expr, texts: Object.values(annotations) })),
  );
}

async function dashboard(): Promise<Shown[]> {
  const { panels } = dashboardSchema.parse(JSON.parse(await infra('grafana/steppe.json')));
  const targets = panels.flatMap((panel) => panel.targets);
  return targets.map(({ expr, legendFormat }) => ({
    expr: expr.replaceAll('$__rate_interval', '5m'),
    texts: [legendFormat],
  }));
}

const series = labelsOfSeries();
const reasons = [...endedReasonSchema.options, ...failedReasonSchema.options];
/** Possible values of the labels that queries select by. */
const valuesOf: Readonly<Record<string, readonly string[]>> = {
  service: ['control-plane', 'data-plane'],
  outcome: [...Object.keys(errorKinds), ...reasons, 'ready', 'failed'],
  reason: reasons,
};

function amissInSelector({ metric, matchers }: Selector): string[] {
  const labels = series.get(metric);
  if (!labels) return [`no service exports ${metric}`];
  return matchers.flatMap(({ label, value, isPattern }) => {
    if (!labels.has(label)) return [`${metric} has no label ${label}`];
    const wanted = isPattern ? value.split('|') : [value];
    return wanted
      .filter((one) => !valuesOf[label]?.includes(one))
      .map((one) => `${label} is never ${one}`);
  });
}

const amissInAggregation = ({ labels, selectors }: Aggregation): string[] =>
  labels.flatMap((label) =>
    selectors
      .filter(({ metric }) => !series.get(metric)?.has(label))
      .map(({ metric }) => `${metric} has no label ${label}`),
  );

/** Grafana shows a label as `{{label}}`, an alert as `{{ $labels.label }}`. */
const shownLabels = (text: string): string[] =>
  [...text.matchAll(/\{\{\s*(?:\$labels\.)?(\w+)\s*\}\}/g)].map(([, label = '']) => label);

function amissIn({ expr, texts }: Shown): string[] {
  const { faults, selectors, aggregations } = readQuery(expr);
  const [outer] = aggregations;
  const isGiven = (label: string) =>
    outer
      ? outer.labels.includes(label)
      : selectors.every(({ metric }) => series.get(metric)?.has(label));
  return [
    ...faults.map((fault) => `no PromQL: ${fault}`),
    ...selectors.flatMap(amissInSelector),
    ...aggregations.flatMap(amissInAggregation),
    ...texts
      .flatMap(shownLabels)
      .filter((label) => !isGiven(label))
      .map((label) => `${label} is shown, and lost`),
  ];
}

test.each([
  { from: 'the alerts', read: alerts },
  { from: 'the dashboard', read: dashboard },
])(
  'every query of $from is valid PromQL, selects existing labels and values, and yields the labels shown',
  async ({ read }) => {
    const queries = await read();
    expect(queries.length).toBeGreaterThan(10);
    expect(
      queries.flatMap((query) => amissIn(query).map((what) => `${what}: ${query.expr}`)),
    ).toEqual([]);
  },
);

test.each<{ expr: string; text?: string; amiss: string[] }>([
  { expr: 'sum(rate(steppe_routes_total[5m])', amiss: ['no PromQL: it ends too early'] },
  { expr: 'sum(rate(steppe_routes_total))', amiss: ['no PromQL: rate(steppe_routes_total)'] },
  { expr: 'max(steppe_sessions_live[5m])', amiss: ['no PromQL: max(steppe_sessions_live[5m])'] },
  { expr: 'steppe_routes', amiss: ['no service exports steppe_routes'] },
  { expr: 'steppe_routes_total{origin="hit"}', amiss: ['steppe_routes_total has no label origin'] },
  { expr: 'steppe_sessions_ended_total{reason=~"crashed|gone"}', amiss: ['reason is never gone'] },
  {
    expr: 'sum by (le) (steppe_forward_added_seconds_sum)',
    amiss: ['steppe_forward_added_seconds_sum has no label le'],
  },
  {
    expr: 'sum by (reason) (steppe_sessions_ended_total)',
    text: '{{state}}',
    amiss: ['state is shown, and lost'],
  },
  {
    expr: 'steppe_sessions_live',
    text: 'of {{ $labels.service }}: {{ $value }} {{ $labels.reason }}',
    amiss: ['reason is shown, and lost'],
  },
])('a faulty query is detected: $expr', ({ expr, text = '', amiss }) => {
  expect(amissIn({ expr, texts: [text] })).toEqual(amiss);
});
