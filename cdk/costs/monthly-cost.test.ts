import { expect, test } from 'vitest';
import { readStage } from '../stage/read-stage.ts';
import { exampleApp, templateOf } from '../testing/example-app.ts';
import { costAtRest, readUnitPrices } from './monthly-cost.ts';

const prices = readUnitPrices();
const settings = readStage({ stage: 'example' });

test('a table alone costs nothing at rest, and its customer key a fee', () => {
  const table = { ...settings, service: undefined };
  expect(costAtRest(table, prices)).toEqual([]);
  expect(costAtRest({ ...table, table: { key: 'customer' } }, prices)).toEqual([
    { what: 'KMS key of the table', count: 1, each: prices.per_month.customer_key },
  ]);
});

test('the counts are those of the synthesized templates', () => {
  const count = (what: string) =>
    costAtRest(settings, prices).find((line) => line.what === what)?.count ?? 0;
  const app = exampleApp();
  templateOf(app, 'cluster').resourceCountIs('AWS::EC2::NatGateway', count('NAT gateway'));
  templateOf(app, 'observe').resourceCountIs('AWS::CloudWatch::Alarm', count('alarm'));
  templateOf(app, 'observe').resourceCountIs('AWS::CloudWatch::Dashboard', count('dashboard'));
});

test('an instance type without a price is an error that names it', () => {
  const { service } = settings;
  if (service === undefined) throw new Error('the example has no service');
  const nodes = { ...service.nodes, planes: { instanceType: 'x9.huge', min: 1, max: 1 } };
  expect(() => costAtRest({ ...settings, service: { ...service, nodes } }, prices)).toThrow(
    'no price of x9.huge',
  );
});
