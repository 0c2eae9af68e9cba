import { parseArgs } from 'node:util';
import { installSimulatedGlobals } from '../kernel/simulated-globals.ts';
import { auditMachine } from './audit-machine.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1' },
    /** Kinds of weather, separated by commas; absent: drawn. */
    weather: { type: 'string' },
    /** Numbers of accidents; absent: all. */
    only: { type: 'string' },
    /** Numbers of clients; absent: all. */
    clients: { type: 'string' },
    trace: { type: 'boolean', default: false },
    audit: { type: 'boolean', default: false },
    story: { type: 'boolean', default: false },
  },
});
const listed = (text: string) => text.split(',').filter((part) => part !== '');
const print = (line: string) => void process.stdout.write(`${line}\n`);
// Its reader has seen enough. Otherwise this would be an error of whoever runs in the simulation.
process.stdout.on('error', () => process.exit());

installSimulatedGlobals();
// Nobody reads the stack of an error that the product expects, and it costs a fifth of the time.
if (!values.trace) Error.stackTraceLimit = 0;
const { simulateSeed } = await import('./simulate-seed.ts');
const { toWeather } = await import('../world/weather.ts');
let cpuUsed = 0;
const machineUse = values.audit ? auditMachine() : {};
for (const seed of listed(values.seeds).map(Number)) {
  const report = await simulateSeed({
    seed,
    weather: values.weather === undefined ? undefined : toWeather(listed(values.weather)),
    only: values.only === undefined ? undefined : new Set(listed(values.only).map(Number)),
    clients: values.clients === undefined ? undefined : listed(values.clients).map(Number),
    hasStory: values.story,
    onTrace: values.trace ? print : undefined,
  });
  const { user, system } = process.cpuUsage();
  const cpuSeconds = (user + system) / 1e6 - cpuUsed;
  cpuUsed += cpuSeconds;
  const peakMemoryMb = Math.round(process.resourceUsage().maxRSS / 1024);
  print(JSON.stringify({ ...report, cpuSeconds, peakMemoryMb, machineUse }));
}
// Models of dead processes may wait for ever.
process.stdout.write('', () => process.exit());
