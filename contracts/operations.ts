export const scopes = ['sessions:read', 'sessions:write', 'steps:run'] as const;
export type Scope = (typeof scopes)[number];

interface Operation {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'HEAD';
  /** `:name` stands for one segment, a final `*` for the rest of the path. */
  path: string;
  scope: Scope;
  /** The service that serves the operation; the data-plane proxies those of the control-plane. */
  servedBy: 'control-plane' | 'session-agent';
}

/**
 * Every call of the API. Routers, scope checks, `Allow` headers and metric labels derive from it.
 */
export const operations = {
  create_session: {
    method: 'POST',
    path: '/v1/sessions',
    scope: 'sessions:write',
    servedBy: 'control-plane',
  },
  list_sessions: {
    method: 'GET',
    path: '/v1/sessions',
    scope: 'sessions:read',
    servedBy: 'control-plane',
  },
  get_session: {
    method: 'GET',
    path: '/v1/sessions/:session_id',
    scope: 'sessions:read',
    servedBy: 'control-plane',
  },
  patch_session: {
    method: 'PATCH',
    path: '/v1/sessions/:session_id',
    scope: 'sessions:write',
    servedBy: 'control-plane',
  },
  delete_session: {
    method: 'DELETE',
    path: '/v1/sessions/:session_id',
    scope: 'sessions:write',
    servedBy: 'control-plane',
  },
  list_runtimes: {
    method: 'GET',
    path: '/v1/runtimes',
    scope: 'sessions:read',
    servedBy: 'control-plane',
  },
  run_step: {
    method: 'POST',
    path: '/v1/sessions/:session_id/steps',
    scope: 'steps:run',
    servedBy: 'session-agent',
  },
  list_steps: {
    method: 'GET',
    path: '/v1/sessions/:session_id/steps',
    scope: 'steps:run',
    servedBy: 'session-agent',
  },
  get_step: {
    method: 'GET',
    path: '/v1/sessions/:session_id/steps/:step_id',
    scope: 'steps:run',
    servedBy: 'session-agent',
  },
  follow_step: {
    method: 'GET',
    path: '/v1/sessions/:session_id/steps/:step_id/events',
    scope: 'steps:run',
    servedBy: 'session-agent',
  },
  cancel_step: {
    method: 'POST',
    path: '/v1/sessions/:session_id/steps/:step_id/cancel',
    scope: 'steps:run',
    servedBy: 'session-agent',
  },
  restart_session: {
    method: 'POST',
    path: '/v1/sessions/:session_id/restart',
    scope: 'steps:run',
    servedBy: 'session-agent',
  },
  list_files: {
    method: 'GET',
    path: '/v1/sessions/:session_id/files',
    scope: 'steps:run',
    servedBy: 'session-agent',
  },
  put_file: {
    method: 'PUT',
    path: '/v1/sessions/:session_id/files/*',
    scope: 'steps:run',
    servedBy: 'session-agent',
  },
  get_file: {
    method: 'GET',
    path: '/v1/sessions/:session_id/files/*',
    scope: 'steps:run',
    servedBy: 'session-agent',
  },
  head_file: {
    method: 'HEAD',
    path: '/v1/sessions/:session_id/files/*',
    scope: 'steps:run',
    servedBy: 'session-agent',
  },
  delete_file: {
    method: 'DELETE',
    path: '/v1/sessions/:session_id/files/*',
    scope: 'steps:run',
    servedBy: 'session-agent',
  },
} as const satisfies Record<string, Operation>;

export type OperationName = keyof typeof operations;
