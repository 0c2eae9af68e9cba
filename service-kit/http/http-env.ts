import type { HttpBindings } from '@hono/node-server';
import type { Clock } from '../process/clock.ts';
import type { Outcome } from './outcome.ts';

/**
 * The fields that a handler adds to the request's one log line, under the names used in the log.
 */
export type LogFields = { outcome?: Outcome } & Record<
  string,
  string | number | boolean | undefined
>;

/**
 * The Hono environment of every server of ours. `Bindings` are absent if a test calls
 * `app.request`.
 */
export interface HttpEnv {
  Bindings: Partial<HttpBindings>;
  Variables: { clock: Clock; requestId: string; operation: string; logFields: LogFields };
}
