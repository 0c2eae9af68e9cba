import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { parseAllDocuments } from 'yaml';
import * as z from 'zod';
import { folder } from '../stage/read-stage.ts';

const objectSchema = z.looseObject({
  kind: z.string(),
  metadata: z.looseObject({ name: z.string(), namespace: z.string().optional() }),
});
export type KubernetesObject = z.output<typeof objectSchema>;

const root = resolve(folder, '..');

/** Renders infra/chart as tools/helm/lint.mjs renders its examples. */
export function renderChart(values: string): KubernetesObject[] {
  const tools = execFileSync(resolve(root, 'tools/helm/install'), { encoding: 'utf8' }).trim();
  const chart = resolve(root, 'infra/chart');
  const rendered = execFileSync(
    resolve(tools, 'helm'),
    [
      ...['template', 'steppe', chart, '--namespace', 'steppe', '--kube-version', '1.34.4'],
      ...['--values', '-'],
    ],
    { encoding: 'utf8', input: values },
  );
  return parseObjects(rendered);
}

export const parseObjects = (text: string): KubernetesObject[] =>
  parseAllDocuments(text)
    .map((document) => document.toJS())
    .filter((value) => value !== null)
    .map((value) => objectSchema.parse(value));

/** The paths at which the two differ. */
export function differences(before: unknown, after: unknown, path: string): string[] {
  if (!isObject(before) || !isObject(after)) return Object.is(before, after) ? [] : [path];
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return keys.flatMap((key) => differences(before[key], after[key], `${path}.${key}`));
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;
