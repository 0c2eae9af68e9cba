import { issuerAudience, issuerName } from '../../support/api/issuer.ts';

/** Values of the chart. */
export type Values = { [name: string]: unknown };

const small = { cpu: '5m', memory: '32Mi' };

/** Requests are small, so that several releases with their sessions fit on one node. */
const testValues: Values = {
  environment: 'test',
  auth: {
    devIssuer: { enabled: false },
    issuers: [issuerName],
    audiences: [issuerAudience],
    jwksConfigMap: 'test-issuer',
  },
  limits: { maxTtlSeconds: 604_800, sessionsPerTenant: 50 },
  controlPlane: { resources: { requests: small } },
  dataPlane: { resources: { requests: small } },
  sessions: { poolSize: 1, agent: { requests: small }, runtimeRequests: small },
};

/** The values of a test's release; later ones win. */
export const releaseValues = (registry: string, ...further: readonly Values[]): Values =>
  [{ images: { registry } }, ...further].reduce(merge, testValues);

/** Merges objects by key, as Helm does. */
function merge(base: Values, over: Values): Values {
  const merged = { ...base };
  for (const [name, value] of Object.entries(over)) {
    const before = merged[name];
    merged[name] = isValues(before) && isValues(value) ? merge(before, value) : value;
  }
  return merged;
}

const isValues = (value: unknown): value is Values =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
