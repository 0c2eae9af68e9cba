import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { type SeedReport, seedReportSchema } from './seed-report.ts';

export interface RunSeedsOptions {
  /** The directory of a bundle. */
  bundle: string;
  /** Further arguments of its `main.mjs`. */
  args?: readonly string[];
  /** Called as each seed ends, in whatever order. Returning false ends the run early. */
  onReport: (report: SeedReport) => boolean | Promise<boolean>;
  /** How many seeds one process runs, one after the other. */
  seedsPerProcess?: number;
}

const processes = 2;
/** Enough that their start hardly counts, and few enough that both processes end at a time. */
const defaultSeedsPerProcess = 20;

/** Runs seeds, two at a time. A process that ends without a report is a violation of its seed. */
export async function runSeeds(
  seeds: Iterable<number>,
  { onReport, seedsPerProcess = defaultSeedsPerProcess, ...options }: RunSeedsOptions,
): Promise<void> {
  const left = seeds[Symbol.iterator]();
  let isStopped = false;
  const take = (): number[] => {
    const part: number[] = [];
    while (!isStopped && part.length < seedsPerProcess) {
      const { value, done } = left.next();
      if (done) break;
      part.push(value);
    }
    return part;
  };
  const work = async () => {
    let part = take();
    while (part.length > 0) {
      const rest = await runProcess(part, options, async (report) => {
        if (!(await onReport(report))) isStopped = true;
        return !isStopped;
      });
      part = rest.length > 0 && !isStopped ? rest : take();
    }
  };
  await Promise.all(Array.from({ length: processes }, work));
}

/** V8 collects garbage rarely if it may use much memory; a seed needs less than half of this. */
const heapLimits = ['--max-semi-space-size=8', '--max-old-space-size=256'];

/** @returns the seeds that were not run because the process broke. */
async function runProcess(
  seeds: number[],
  { bundle, args = [] }: Omit<RunSeedsOptions, 'onReport'>,
  onReport: (report: SeedReport) => Promise<boolean>,
): Promise<number[]> {
  const child = spawn(
    process.execPath,
    [...heapLimits, `${bundle}/main.mjs`, `--seeds=${seeds.join(',')}`, ...args],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  const left = [...seeds];
  for await (const line of createInterface({ input: child.stdout })) {
    left.shift();
    if (!(await onReport(seedReportSchema.parse(JSON.parse(line))))) child.kill();
  }
  const broken = child.killed ? undefined : left.shift();
  if (broken !== undefined) await onReport(brokenReport(broken, errors.slice(-2_000)));
  return left;
}

const brokenReport = (seed: number, what: string): SeedReport => ({
  seed,
  hash: '',
  events: 0,
  steps: 0,
  virtualSeconds: 0,
  cpuSeconds: 0,
  peakMemoryMb: 0,
  machineUse: {},
  weather: [],
  accidents: 0,
  violations: [{ rule: 'process-sound', what: `the simulation broke: ${what}` }],
  counts: {},
});
