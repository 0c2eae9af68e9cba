import type { StartCounts } from './count-starts.ts';
import type { Remains } from './inspect.ts';

export interface SoakRun {
  elapsedMs: number;
  created: number;
  /** Creates that the quota refused. */
  full: number;
  /** Creates that were lost to a killed control-plane. */
  broken: number;
  kills: number;
  ways: ReadonlyMap<string, number>;
  starts: StartCounts;
  /** The largest excess over its quota that a tenant was seen with. */
  overQuota: number;
  /** Responses that neither a kill nor a quota explains. */
  surprises: readonly string[];
  remains: Remains;
  /** Counts of what is left of instances, by what is counted. */
  leaked: Readonly<Record<string, number>>;
}

const perMinute = ({ created, elapsedMs }: SoakRun): number =>
  Math.floor((created * 60_000) / elapsedMs);
const warmShare = ({ starts: { warm, cold } }: SoakRun): number =>
  warm + cold === 0 ? 0 : warm / (warm + cold);

/** Why the run failed, in sentences; empty if it passed. */
export function failuresOf(run: SoakRun): string[] {
  const { remains } = run;
  const zeros: [number, string][] = [
    ...Object.entries(run.leaked).map(([what, count]): [number, string] => [
      count,
      `${what} are left`,
    ]),
    [remains.rowsWithoutInstance, 'live rows have no instance'],
    [remains.rowsThatLive, 'sessions did not end'],
    [remains.counted, 'terminated sessions still count'],
    [remains.instancesWithoutRow, 'instances have no live row'],
    [run.overQuota, 'sessions were above a quota'],
  ];
  return [
    ...run.surprises,
    ...zeros.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`),
    ...(run.created === 0 ? ['no session was created'] : []),
  ];
}

export function describeRun(run: SoakRun): string {
  const { created, elapsedMs, full, broken, kills, ways, starts, remains } = run;
  return [
    `${created} sessions in ${Math.round(elapsedMs / 1000)} s; ${full} refused by quota, ${broken} lost to ${kills} kills of the control-plane`,
    `  ${[...ways].map(([way, count]) => `${way} ${count}`).join(', ')}`,
    ...Object.entries(run.leaked).map(([what, count]) => `leaked ${what}: ${count}`),
    `rows without instance: ${remains.rowsWithoutInstance}`,
    `over quota: ${run.overQuota}`,
    `unexplained responses: ${run.surprises.length}`,
    `sessions per minute: ${perMinute(run)}`,
    `warm claims: ${percent(warmShare(run))} (${starts.warm} warm, ${starts.cold} cold)`,
  ].join('\n');
}

const percent = (share: number): string => `${Math.round(share * 100)} %`;
