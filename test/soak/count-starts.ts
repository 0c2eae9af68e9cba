/** Sessions that became ready on a warm instance, and on an instance started for them. */
export interface StartCounts {
  warm: number;
  cold: number;
}

/** Reads the counters of a control-plane. */
export async function countStarts(operatorUrl: string): Promise<StartCounts> {
  const text = await (
    await fetch(`${operatorUrl}/metrics`, { signal: AbortSignal.timeout(10_000) })
  ).text();
  return { warm: readCount(text, 'warm'), cold: readCount(text, 'cold') };
}

export const addStarts = (counts: readonly StartCounts[]): StartCounts => ({
  warm: counts.reduce((total, { warm }) => total + warm, 0),
  cold: counts.reduce((total, { cold }) => total + cold, 0),
});

/** 0 if the counter does not exist yet. */
function readCount(metrics: string, start: keyof StartCounts): number {
  const lines = metrics
    .split('\n')
    .filter((line) => line.startsWith('steppe_session_create_duration_seconds_count{'));
  const line = lines.find(
    (each) => each.includes(`start="${start}"`) && each.includes('outcome="ready"'),
  );
  return Number(line?.split(' ').at(-1) ?? 0);
}
