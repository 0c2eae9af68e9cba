import { sessionsTable } from '@steppe/session-store/dynamodb/key-schema';
import type { Values } from '../harness/release-values.ts';
import { images } from '../support/config.ts';

/** The service of a table that is no part of the release. */
export const ownTable = 'own-table';

const port = 8000;
const labels = { app: ownTable };
const metadata = { name: ownTable };

/** The store of that table, and the credentials for it. */
export const ownTableObjects: readonly object[] = [
  {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...metadata, labels },
    spec: {
      automountServiceAccountToken: false,
      containers: [
        {
          name: 'store',
          image: images().localStore,
          env: [
            { name: 'PORT', value: `${port}` },
            { name: 'DATA_DIR', value: '/tmp' },
            { name: 'SESSIONS_TABLE', value: sessionsTable.defaultName },
          ],
          readinessProbe: { tcpSocket: { port }, periodSeconds: 1 },
          resources: { requests: { cpu: '5m', memory: '32Mi' } },
        },
      ],
    },
  },
  { apiVersion: 'v1', kind: 'Service', metadata, spec: { selector: labels, ports: [{ port }] } },
  {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata,
    stringData: { AWS_ACCESS_KEY_ID: 'local', AWS_SECRET_ACCESS_KEY: 'local' },
  },
];

/** Values of a release that keeps its sessions there. */
export const ownTableValues: Values = {
  dynamodb: {
    local: { enabled: false },
    region: 'local',
    endpoint: `http://${ownTable}:${port}`,
    credentialsSecret: ownTable,
  },
  networkPolicies: { egressPorts: [443, 6443, port] },
};
