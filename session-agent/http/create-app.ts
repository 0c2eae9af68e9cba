import type { IncomingMessage } from 'node:http';
import type { Ids } from '@steppe/contracts/ids';
import { type OperationName, operations } from '@steppe/contracts/operations';
import { createApi } from '@steppe/service-kit/http/create-api';
import type { ApiOperation } from '@steppe/service-kit/http/route-table';
import type { Clock } from '@steppe/service-kit/process/clock';
import type { Logger } from '@steppe/service-kit/process/logger';
import { getFile, listFiles } from './files/read.ts';
import { deleteFile, putFile } from './files/write.ts';
import { handlerOf, type Route, type RouteParts } from './route.ts';
import { bind, end, limits, restart, state } from './session-routes.ts';
import { followStep } from './steps/follow.ts';
import { getOutput } from './steps/output.ts';
import { getStep, listSteps } from './steps/read.ts';
import { cancelStep, runStep } from './steps/run.ts';

const publicRoutes = {
  run_step: runStep,
  list_steps: listSteps,
  get_step: getStep,
  follow_step: followStep,
  get_output: getOutput,
  cancel_step: cancelStep,
  restart_session: restart,
  list_files: listFiles,
  put_file: putFile,
  get_file: getFile,
  delete_file: deleteFile,
} satisfies Partial<Record<OperationName, Route>>;

const internalRoutes: Record<string, { method: string; path: string; route: Route }> = {
  bind: { method: 'POST', path: '/internal/bind', route: bind },
  limits: { method: 'POST', path: '/internal/limits', route: limits },
  end: { method: 'POST', path: '/internal/end', route: end },
  state: { method: 'GET', path: '/internal/state', route: state },
};

interface ServerParts {
  logger: Logger;
  clock: Clock;
  ids: Ids;
  /** Undefined: any host. */
  servedHosts: readonly string[] | undefined;
}

/** The agent's HTTP interface. */
export function createApp(parts: RouteParts, server: ServerParts) {
  const table: Record<string, ApiOperation> = {};
  for (const [name, { method, path, route }] of Object.entries(internalRoutes))
    table[name] = { method, path, handle: handlerOf(route, parts) };
  for (const name of publicNames) {
    const { method, path } = operations[name];
    table[name] = { method, path, handle: handlerOf(publicRoutes[name], parts) };
  }
  return createApi({ operations: table, metrics: { observe: () => {} }, ...server });
}

/** `Object.keys` of an object whose keys are all known. */
const publicNames = Object.keys(publicRoutes) as (keyof typeof publicRoutes)[];

/** Matches the raw target before routing; a target that routes elsewhere is rejected later. */
const cancelOfStep = /^\/v1\/sessions\/[^/?]+\/steps\/[^/?]+\/cancel(?:\?|$)/;

/**
 * Requests that get a connection even if readers of events hold all others: a cancel ends what
 * those readers wait for, and the control-plane must always have access. All of them are short.
 */
export const isReserved = ({
  method,
  url = '',
}: Pick<IncomingMessage, 'method' | 'url'>): boolean =>
  url.startsWith('/internal/') || (method === 'POST' && cancelOfStep.test(url));
