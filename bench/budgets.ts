/** What a figure must keep to. */
export interface Budget {
  /**
   * What the limit is for: our median in the figure's unit, or ours divided by what is beside it.
   */
  of: 'ours' | 'ratio';
  at: 'most' | 'least';
  limit: number;
}

const atMost = (limit: number): Budget => ({ of: 'ours', at: 'most', limit });
const timesAtMost = (limit: number): Budget => ({ of: 'ratio', at: 'most', limit });
const timesAtLeast = (limit: number): Budget => ({ of: 'ratio', at: 'least', limit });

/** Every budget, by the id of its figure. Figures without one are printed for comparison. */
export const budgets: Readonly<Record<string, Budget>> = {
  'step-cpu-nginx': timesAtMost(5),
  'step-cpu-bare': timesAtMost(2),
  'step-rate': timesAtLeast(0.2),
  'added-2000': atMost(1),
  allocation: atMost(12),
  'waiting-steps': atMost(60),
  'routed-step-p50': timesAtMost(0.1),
  'agent-step-p50': atMost(0.3),
  'agent-step-cpu': atMost(0.3),
  'busy-sessions-p95': atMost(5),
  'warm-create-python-first-result': atMost(40),
  'warm-create-node-first-result': atMost(40),
  'driver-python-rssMb': atMost(15),
  'driver-node-rssMb': atMost(45),
  'agent-memory-used': atMost(60),
  'output-lines-python-cpu': atMost(1),
  'output-lines-node-cpu': atMost(1),
  'output-writes-memory': atMost(32),
  'transfer-down': timesAtLeast(0.7),
};
