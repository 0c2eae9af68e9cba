import { parseArgs } from 'node:util';
import { readStage } from '../stage/read-stage.ts';
import { costAtRest, readUnitPrices } from './monthly-cost.ts';

const { values } = parseArgs({ options: { stage: { type: 'string' } } });
const prices = readUnitPrices();
const lines = costAtRest(readStage({ stage: values.stage }), prices);
const amount = (value: number): string => value.toFixed(2).padStart(10);

for (const { what, count, each } of lines) {
  console.log(
    `${what.padEnd(24)}${String(count).padStart(5)} x${amount(each)} =${amount(count * each)}`,
  );
}
const sum = lines.reduce((total, { count, each }) => total + count * each, 0);
console.log(`${'a month at rest'.padEnd(43)}${amount(sum)} ${prices.currency}`);
console.log(`\nUnit prices of ${prices.region}, ${prices.checked_on}. ${prices.note}`);
console.log(
  'Not included: requests and storage of the table, logs, traffic, load balancer capacity.',
);
