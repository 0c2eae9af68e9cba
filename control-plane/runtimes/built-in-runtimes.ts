import type { RuntimeDefinition } from './runtime-definition.ts';

const max_resources = { cpu: '4', memory: '8Gi', ephemeral_storage: '20Gi' };
const small = {
  default_resources: { cpu: '1', memory: '512Mi', ephemeral_storage: '1Gi' },
  max_resources,
};
const large = {
  default_resources: { cpu: '1', memory: '1Gi', ephemeral_storage: '1Gi' },
  max_resources,
};

/** @param poolSize for the runtimes that need nothing but their interpreter. */
export const builtInRuntimes = (poolSize: number): readonly RuntimeDefinition[] => [
  { name: 'python', language: 'python', ...small, preload: [], poolSize },
  { name: 'node', language: 'node', ...small, preload: [], poolSize },
  {
    name: 'python-data',
    language: 'python',
    ...large,
    preload: ['numpy', 'pandas', 'matplotlib.pyplot'],
    poolSize: 0,
  },
];
