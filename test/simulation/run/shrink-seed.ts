import { clientNumbers } from '../clients/start-clients.ts';
import { minimize } from './minimize.ts';
import { runSeeds } from './run-seeds.ts';
import type { SeedReport } from './seed-report.ts';

/** What of a seed's simulation takes part. */
interface SeedChoice {
  clients: readonly number[];
  weather: readonly string[];
  /** Numbers of accidents. */
  only: readonly number[];
}

export interface ShrunkSeed {
  choice: SeedChoice;
  /** Of the run with that choice, with its story. */
  report: SeedReport;
  /** How many runs it took. */
  runs: number;
}

/** Enough for most; what is left out until then stays out. */
const mostRuns = 60;

/**
 * Leaves out clients, kinds of weather and accidents, in this order, as long as the first rule that
 * the seed violated is still violated. Bounded in runs.
 */
export async function shrinkSeed(bundle: string, failed: SeedReport): Promise<ShrunkSeed> {
  const { seed } = failed;
  const rule = failed.violations[0]?.rule;
  let runs = 0;
  let report = failed;
  let choice: SeedChoice = {
    clients: clientNumbers,
    weather: failed.weather,
    only: upTo(failed.accidents),
  };
  const stillFails = async (change: Partial<SeedChoice>): Promise<boolean> => {
    if (runs === mostRuns) return false;
    runs += 1;
    const next = await runChoice(bundle, seed, { ...choice, ...change });
    const fails = next.violations.some((violation) => violation.rule === rule);
    if (fails) report = next;
    return fails;
  };
  const clients = await minimize(choice.clients, (rest) => stillFails({ clients: rest }));
  choice = { ...choice, clients };
  const weather = await minimize(choice.weather, (rest) => stillFails({ weather: rest }));
  // Other clients and weather have other accidents, with other numbers.
  choice = { ...choice, weather, only: upTo(report.accidents) };
  const only = await minimize(choice.only, (rest) => stillFails({ only: rest }));
  choice = { ...choice, only };
  return { choice, report: await runChoice(bundle, seed, choice, ['--story']), runs };
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, at) => at + 1);

async function runChoice(
  bundle: string,
  seed: number,
  { clients, weather, only }: SeedChoice,
  more: readonly string[] = [],
): Promise<SeedReport> {
  const lists = [`--clients=${clients}`, `--weather=${weather}`, `--only=${only}`];
  const reports: SeedReport[] = [];
  await runSeeds([seed], {
    bundle,
    args: [...lists, ...more],
    onReport: (report) => reports.push(report) === 1,
  });
  const [report] = reports;
  if (!report) throw new Error(`the simulation of seed ${seed} has no report`);
  return report;
}

/** The command that runs it again, and what happened. */
export function describeShrunk({ choice, report, runs }: ShrunkSeed): string {
  const { clients, weather, only } = choice;
  const list = (items: readonly unknown[]) => items.join(',') || 'none';
  return [
    `shrunk in ${runs} runs:`,
    `  make simulate SEED=${report.seed} CLIENTS=${list(clients)} WEATHER=${list(weather)} ONLY=${list(only)}`,
    ...report.violations.map(({ rule, what }) => `  ${rule}: ${what}`),
    'what happened (virtual seconds, who, what):',
    ...(report.story ?? []).map((line) => `  ${line}`),
  ].join('\n');
}
