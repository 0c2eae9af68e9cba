import { readFileSync } from 'node:fs';
import * as z from 'zod';
import type { ServiceSettings, StageSettings } from '../stage/settings.ts';

const price = z.number().positive();
const pricesSchema = z.strictObject({
  checked_on: z.iso.date(),
  region: z.string(),
  currency: z.string(),
  note: z.string(),
  per_hour: z.strictObject({
    eks_cluster: price,
    nat_gateway: price,
    load_balancer: price,
    public_address: price,
    instances: z.record(z.string(), price),
  }),
  per_month: z.strictObject({
    gp3_gigabyte: price,
    secret: price,
    alarm: price,
    dashboard: price,
    customer_key: price,
    web_acl: price,
    web_acl_rule: price,
  }),
});

export type UnitPrices = z.output<typeof pricesSchema>;

export interface CostLine {
  what: string;
  count: number;
  each: number;
}

const hoursOfMonth = 730;
const diskGigabytes = 100;

export function readUnitPrices(): UnitPrices {
  const file = new URL('unit-prices.json', import.meta.url);
  return pricesSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
}

/**
 * What a stage costs a month while nobody uses it. What depends on use (requests, storage of the
 * table, logs, traffic) is not in it.
 * @throws Error if the table has no price of an instance type.
 */
export function costAtRest(settings: StageSettings, prices: UnitPrices): CostLine[] {
  const lines =
    settings.service === undefined ? [] : serviceCost(settings.stage, settings.service, prices);
  if (settings.table.key === 'customer') {
    lines.push({ what: 'KMS key of the table', count: 1, each: prices.per_month.customer_key });
  }
  return lines;
}

function serviceCost(stage: string, service: ServiceSettings, prices: UnitPrices): CostLine[] {
  const { per_hour: hourly, per_month: monthly } = prices;
  const { planes, sessions } = service.nodes;
  const gateways = service.vpc !== 'new' ? 0 : stage === 'prod' ? 3 : 1;
  const addresses = gateways + (service.scheme === 'internet-facing' ? 3 : 0);
  const nodes = [planes, sessions].map(({ instanceType, min }) => ({
    what: `node ${instanceType}`,
    count: min,
    each: instancePrice(instanceType, prices) * hoursOfMonth,
  }));
  const lines = [
    { what: 'EKS cluster', count: 1, each: hourly.eks_cluster * hoursOfMonth },
    ...nodes,
    {
      what: 'disk of a node, in GB',
      count: (planes.min + sessions.min) * diskGigabytes,
      each: monthly.gp3_gigabyte,
    },
    { what: 'NAT gateway', count: gateways, each: hourly.nat_gateway * hoursOfMonth },
    { what: 'public address', count: addresses, each: hourly.public_address * hoursOfMonth },
    { what: 'load balancer', count: 1, each: hourly.load_balancer * hoursOfMonth },
    { what: 'secret', count: 2, each: monthly.secret },
    { what: 'alarm', count: 6, each: monthly.alarm },
    { what: 'dashboard', count: 1, each: monthly.dashboard },
    { what: 'web ACL', count: service.firewall ? 1 : 0, each: monthly.web_acl },
    { what: 'rule of the web ACL', count: service.firewall ? 2 : 0, each: monthly.web_acl_rule },
  ];
  return lines.filter(({ count }) => count > 0);
}

function instancePrice(instanceType: string, { per_hour, region }: UnitPrices): number {
  const found = per_hour.instances[instanceType];
  if (found !== undefined) return found;
  throw new Error(
    `cdk/costs/unit-prices.json has no price of ${instanceType}; add the one of ${region}`,
  );
}
