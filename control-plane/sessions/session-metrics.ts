import { Counter, type Registry } from 'prom-client';
import type { OverRecord } from './end-cause.ts';

export interface SessionMetrics {
  /** Counts an end that this process recorded. */
  ended(over: Pick<OverRecord, 'state' | 'end_reason'>): void;
}

export function createSessionMetrics(registry: Registry): SessionMetrics {
  const ends = new Counter({
    name: 'steppe_sessions_ended_total',
    help: 'Sessions that are over, by state (ended, failed) and end reason; each is counted by the one process that recorded its end.',
    labelNames: ['state', 'reason'],
    registers: [registry],
  });
  return { ended: ({ state, end_reason }) => ends.inc({ state, reason: end_reason }) };
}
