import * as z from 'zod';

/** What one seed prints: a line of JSON. */
export const seedReportSchema = z.object({
  seed: z.number(),
  /** Equal for two runs of the same seed and code. */
  hash: z.string(),
  events: z.number(),
  /** Steps that a runtime executed. */
  steps: z.number(),
  virtualSeconds: z.number(),
  /** Of the process since the report before; the first one includes its start. */
  cpuSeconds: z.number(),
  peakMemoryMb: z.number(),
  /** Resources of the real machine that were used after the start, if they were counted. */
  machineUse: z.record(z.string(), z.number()),
  weather: z.array(z.string()),
  /** Accidents are numbered from 1 to this. */
  accidents: z.number(),
  violations: z.array(z.object({ rule: z.string(), what: z.string() })),
  /** What led to the violations, in lines, if it was wanted. */
  story: z.array(z.string()).optional(),
  /** How often what happened, by name. */
  counts: z.record(z.string(), z.number()),
});

export type SeedReport = z.infer<typeof seedReportSchema>;
