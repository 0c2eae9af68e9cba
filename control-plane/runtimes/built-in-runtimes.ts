import type { Runtime } from '@steppe/contracts/session';

const resources = {
  default_resources: { cpu: '1', memory: '512Mi', ephemeral_storage: '1Gi' },
  max_resources: { cpu: '4', memory: '8Gi', ephemeral_storage: '20Gi' },
};

export const builtInRuntimes: readonly Runtime[] = [
  { name: 'python', language: 'python', ...resources },
  { name: 'node', language: 'node', ...resources },
];
