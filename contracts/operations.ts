import { deleteFile, getFile, headFile, listFiles, putFile } from './operations/files.ts';
import type { Operation } from './operations/operation.ts';
import { createSession } from './operations/sessions/create.ts';
import { deleteSession, getSession, patchSession } from './operations/sessions/existing.ts';
import { listSessions } from './operations/sessions/list.ts';
import { listRuntimes } from './operations/sessions/list-runtimes.ts';
import {
  cancelStep,
  followStep,
  getOutput,
  getStep,
  listSteps,
} from './operations/steps/existing.ts';
import { restartSession } from './operations/steps/restart.ts';
import { runStep } from './operations/steps/run.ts';

/**
 * Every call of the API. Routers, scope checks, `Allow` headers, metric labels and the OpenAPI
 * document derive from it.
 */
export const operations = {
  create_session: createSession,
  list_sessions: listSessions,
  get_session: getSession,
  patch_session: patchSession,
  delete_session: deleteSession,
  list_runtimes: listRuntimes,
  run_step: runStep,
  list_steps: listSteps,
  get_step: getStep,
  follow_step: followStep,
  get_output: getOutput,
  cancel_step: cancelStep,
  restart_session: restartSession,
  list_files: listFiles,
  put_file: putFile,
  get_file: getFile,
  head_file: headFile,
  delete_file: deleteFile,
} as const satisfies Record<string, Operation>;

export type OperationName = keyof typeof operations;
