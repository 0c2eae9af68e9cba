import type { ExchangeEnd } from './exchange.ts';
import { jittered, type RetryPolicy } from './retry-policy.ts';

/** However well each of them goes for a while. */
const mostBreaks = 100;

/** For one call: how often an answer that broke off is asked for again. */
export interface Patience {
  /** How long to wait before asking again, or undefined where it is enough. */
  delayAfter(end: ExchangeEnd): number | undefined;
}

/** As many breaks in a row as the policy has delays; an answer that brought something begins the row anew. */
export function createPatience(policy: RetryPolicy): Patience {
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
