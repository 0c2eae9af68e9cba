import type { ProxyOutcome } from './proxy-request.ts';
import { jittered, type RetryPolicy } from './retry-policy.ts';

/** However well each of them goes for a while. */
const mostBreaks = 100;

/** For one call: how often a response that broke off is requested again. */
export interface RetryBudget {
  /** How long to wait before the next request, or undefined when the budget is used up. */
  delayAfter(end: ProxyOutcome): number | undefined;
}

/**
 * As many breaks in a row as the policy has delays; a response that brought something begins the
 * row anew.
 */
export function createRetryBudget(policy: RetryPolicy): RetryBudget {
  let inARow = 0;
  let breaks = 0;
  return {
    delayAfter(end) {
      if (end.kind !== 'broken' && end.kind !== 'truncated') return undefined;
      if (end.kind === 'truncated' && end.brought) inARow = 0;
      const delayMs = policy.delaysMs[inARow++];
      return delayMs === undefined || ++breaks > mostBreaks ? undefined : jittered(delayMs, policy);
    },
  };
}
