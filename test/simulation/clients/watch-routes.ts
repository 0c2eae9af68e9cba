import type { Clock } from '@steppe/service-kit/process/clock';
import type { Reply } from '../../chaos/drive/api-caller.ts';
import type { FaultGroup, History } from '../history/history.ts';

/** What may make a replica forget a route. */
const hindrances: readonly FaultGroup[] = ['cluster', 'network', 'process'];

interface RoutedCall {
  origin: string;
  path: string;
  sentMs: number;
}

interface RouteWatchParts {
  clock: Pick<Clock, 'now'>;
  history: Pick<History, 'instances' | 'instanceEnds' | 'wasCalm' | 'violate'>;
}

/**
 * A replica that reached a session needs no table for the next call, unless something else goes
 * wrong or its instance has ended.
 */
export function watchRoutes({ clock, history }: RouteWatchParts) {
  const servedMs = new Map<string, number>();
  return {
    /** @param call to the replica with this origin, sent at that time. */
    note({ origin, path, sentMs }: RoutedCall, reply: Reply): void {
      const id = /^\/v1\/sessions\/(\w+)\//.exec(path)?.[1];
      if (!id) return;
      const route = `${id} at ${origin}`;
      const sinceMs = servedMs.get(route);
      if (reply.kind === 'response') servedMs.set(route, clock.now());
      // It may have forgotten the route, as it does for an agent that sends nothing.
      else servedMs.delete(route);
      if (reply.kind !== 'refusal' || reply.error.code !== 'route_store_unavailable') return;
      // Calls at the same time may each need the table.
      if (sinceMs === undefined || sinceMs > sentMs) return;
      if (history.instanceEnds.has(history.instances.get(id) ?? '')) return;
      if (history.wasCalm(sinceMs, clock.now(), hindrances))
        history.violate('warm-route', `${path}: ${reply.error.message}`);
    },
  };
}
