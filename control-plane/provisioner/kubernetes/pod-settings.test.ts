import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { defaultPodSettings, readPodSettings } from './pod-settings.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'steppe-settings-'));
});
afterAll(() => rm(directory, { recursive: true }));

async function read(yaml: string) {
  const path = join(directory, 'pod.yaml');
  await writeFile(path, yaml);
  return readPodSettings(path);
}

it('are the defaults without a file, or with an empty one', async () => {
  expect(await readPodSettings(undefined)).toEqual({ settings: defaultPodSettings });
  expect(await read('')).toEqual({ settings: defaultPodSettings });
  expect(defaultPodSettings.runtime_requests).toEqual({ cpu: '20m', memory: '96Mi' });
});

it('are read from YAML, and keep the defaults of what the file leaves out', async () => {
  const yaml = [
    'agent: { limits: { memory: 300Mi } }',
    'seccomp_profile: { type: Localhost, localhostProfile: sessions.json }',
    'tolerations: [{ key: sessions, operator: Exists }]',
    'dns: { nameservers: [10.96.0.10] }',
  ].join('\n');
  expect(await read(yaml)).toEqual({
    settings: {
      ...defaultPodSettings,
      agent: { ...defaultPodSettings.agent, limits: { memory: '300Mi' } },
      seccomp_profile: { type: 'Localhost', localhostProfile: 'sessions.json' },
      tolerations: [{ key: 'sessions', operator: 'Exists' }],
      dns: { nameservers: ['10.96.0.10'] },
    },
  });
});

it.each([
  ['an unknown field', 'node_selectors: {}', /node_selectors/],
  ['an invalid quantity', 'runtime_requests: { cpu: lots }', /runtime_requests\.cpu/],
  ['a resolver that is no address', 'dns: { nameservers: [dns.test] }', /dns\.nameservers\.0/],
  ['text that is not YAML', '{', /POD_SETTINGS: .*pod\.yaml/],
])('are refused for %s', async (_, yaml, complaint) => {
  const result = await read(yaml);
  expect('complaints' in result && result.complaints.join('\n')).toMatch(complaint);
});
