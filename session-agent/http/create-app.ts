import type { Ids } from '@steppe/contracts/ids';
import { operations } from '@steppe/contracts/operations';
import { createApi } from '@steppe/service-kit/http/create-api';
import type { Clock } from '@steppe/service-kit/process/clock';
import type { Logger } from '@steppe/service-kit/process/logger';
import type { AgentParts, Operation } from './declared-routes.ts';
import { deleteFile } from './files/delete.ts';
import { getFile } from './files/get.ts';
import { listFiles } from './files/list.ts';
import { putFile } from './files/put.ts';
import { bind } from './internal/bind.ts';
import { end } from './internal/end.ts';
import { limits } from './internal/limits.ts';
import { state } from './internal/state.ts';
import { restart } from './restart.ts';
import { cancelStep } from './steps/cancel.ts';
import { followStep } from './steps/follow.ts';
import { getStep } from './steps/get.ts';
import { listSteps } from './steps/list.ts';
import { runStep } from './steps/run.ts';

interface ServedOperation {
  method: string;
  path: string;
  operation: Operation;
}

const served: Record<string, ServedOperation> = {
  run_step: { ...operations.run_step, operation: runStep },
  list_steps: { ...operations.list_steps, operation: listSteps },
  get_step: { ...operations.get_step, operation: getStep },
  follow_step: { ...operations.follow_step, operation: followStep },
  cancel_step: { ...operations.cancel_step, operation: cancelStep },
  restart_session: { ...operations.restart_session, operation: restart },
  list_files: { ...operations.list_files, operation: listFiles },
  put_file: { ...operations.put_file, operation: putFile },
  get_file: { ...operations.get_file, operation: getFile },
  delete_file: { ...operations.delete_file, operation: deleteFile },
  bind: { method: 'POST', path: '/internal/bind', operation: bind },
  limits: { method: 'POST', path: '/internal/limits', operation: limits },
  end: { method: 'POST', path: '/internal/end', operation: end },
  state: { method: 'GET', path: '/internal/state', operation: state },
};

interface ServerParts {
  logger: Logger;
  clock: Clock;
  ids: Ids;
  /** Undefined: any host. */
  servedHosts: readonly string[] | undefined;
}

/** The agent's HTTP interface. */
export function createApp(parts: AgentParts, server: ServerParts) {
  const table = Object.entries(served).map(([name, { method, path, operation }]) => [
    name,
    { method, path, handle: operation(parts) },
  ]);
  return createApi({
    operations: Object.fromEntries(table),
    metrics: { observe: () => {} },
    ...server,
  });
}
