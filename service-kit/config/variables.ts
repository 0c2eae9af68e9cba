import { limits } from '@steppe/contracts/limits';
import * as z from 'zod';
import { _check } from 'zod/v4/core';

/** Kinds of variables that the services' tables consist of. */
export const portVariable = z
  .string()
  .regex(/^\d+$/, 'must be a port number')
  .transform(Number)
  .pipe(z.number().max(65_535));

export const integerVariable = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d+$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.number().int().min(min).max(max));

/** Texts separated by commas; spaces around them are ignored. */
export const listVariable = z.string().transform((list) =>
  list
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== ''),
);

/** Parses JSON. Pipe it into the schema of the object. */
export const jsonObjectVariable = z.string().transform((text, ctx): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    ctx.addIssue('must be a JSON object');
    return z.NEVER;
  }
});

export const requiredText = z.string({ error: 'must be set' }).min(1);

/** Variables that every service has. */
export const commonVariables = {
  STEPPE_ENV: z
    .string()
    .default('production')
    .describe(
      'development and test permit bypasses and local-process; every other value means production',
    ),
  LOG_LEVEL: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])
    .default('info')
    .describe('minimum level that is logged'),
  HOST: z.string().default('0.0.0.0').describe('address to listen on'),
};

/**
 * The limit for requests that a data-plane forwards: it accepts 16 KiB from its clients, to which
 * it adds a token, a trace and an id. No other service may refuse headers that it accepted.
 */
export const innerHeaderBytes = 20 * 1024;

/**
 * An operator's settings for the runtimes; the provisioner passes them to the agents, and the
 * agents pass theirs to the supervisors.
 */
export const runtimeVariables = {
  STEPPE_MAX_FILE_BYTES: integerVariable(1, Number.MAX_SAFE_INTEGER)
    .default(4 * 1024 ** 3)
    .describe('maximum size of an uploaded file'),
  STEPPE_PRELOAD: z
    .string()
    .optional()
    .describe('Python modules to import once, before workers are forked, separated by commas'),
  STEPPE_FIGURE_FORMAT: z
    .enum(['png', 'svg'])
    .optional()
    .describe('format of matplotlib figures; unset: png'),
};

/**
 * An operator's limits for one session; like the runtimes' variables they go through the
 * provisioner to the agent.
 */
export const agentLimitVariables = {
  STEPPE_MAX_TIMEOUT_MS: integerVariable(limits.defaultTimeoutMs, limits.maxTimeoutMs)
    .default(limits.maxTimeoutMs)
    .describe('maximum timeout_ms of a step'),
  STEPPE_MAX_CODE_BYTES: integerVariable(1, limits.codeBytes)
    .default(limits.codeBytes)
    .describe('maximum size of a step’s code'),
  STEPPE_MAX_BODY_BYTES: integerVariable(1024, limits.requestBodyBytes)
    .default(limits.requestBodyBytes)
    .describe('maximum size of a step’s request body'),
  STEPPE_MAX_OUTPUT_BYTES: integerVariable(1024, limits.outputBytesPerStream)
    .default(limits.outputBytesPerStream)
    .describe('what a result shows of each output stream of a step: its head and its tail'),
  STEPPE_STEP_SPOOL_BYTES: integerVariable(1024 * 1024, limits.maxSpoolBytes)
    .default(limits.stepSpoolBytes)
    .describe('maximum size of a step’s output on disk; beyond it the middle is dropped'),
  STEPPE_SESSION_SPOOL_BYTES: integerVariable(1024 * 1024, limits.maxSpoolBytes)
    .default(limits.sessionSpoolBytes)
    .describe(
      'maximum size of all output of a session on disk; beyond it the output of the step that ended first is dropped',
    ),
  STEPPE_MAX_RESULT_BYTES: integerVariable(1, limits.resultBytesPerStep)
    .default(limits.resultBytesPerStep)
    .describe('maximum size of a step’s results; the rest is truncated'),
  STEPPE_MAX_HEADER_BYTES: integerVariable(innerHeaderBytes, 64 * 1024)
    .default(innerHeaderBytes)
    .describe('maximum size of request line and headers; at least what the data-plane forwards'),
  STEPPE_MAX_CONNECTIONS: integerVariable(1, 65_535)
    .default(512)
    .describe(
      'maximum connections to an agent; as many again are reserved for cancels and the control-plane',
    ),
  // Longer than the five seconds between two keepalives: a connection on which there was nothing to
  // send has not stalled.
  STEPPE_READER_STALL_SECONDS: integerVariable(6, 3_600)
    .default(30)
    .describe(
      'write timeout of event streams: a client that reads nothing for this long is disconnected; at least 6',
    ),
};

export const agentLimitNames = Object.keys(
  agentLimitVariables,
) as (keyof typeof agentLimitVariables)[];

/**
 * Bypasses must be enabled by name, and only in an environment that is declared as one in which
 * they do no harm.
 */
export const isProduction = (steppeEnv: string): boolean =>
  steppeEnv !== 'development' && steppeEnv !== 'test';

/**
 * A rule between variables. It is checked even if one of them is invalid by itself, so that all
 * errors are reported at once. The check is imported by its name: `z.core` as a value would keep
 * all of zod in every bundle.
 */
export const crossCheck = <V>(check: z.core.CheckFn<V>): z.core.$ZodCheck<V> =>
  _check(check, { when: () => true });
