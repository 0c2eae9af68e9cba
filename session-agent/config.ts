import { join } from 'node:path';
import { instanceIdSchema } from '@steppe/contracts/ids';
import {
  type Environment,
  loadConfig,
  pickVariables,
} from '@steppe/service-kit/config/load-config';
import {
  agentLimitVariables,
  commonVariables,
  integerVariable,
  portVariable,
  requiredText,
  runtimeVariables,
} from '@steppe/service-kit/config/variables';
import * as z from 'zod';

const variables = z.object({
  HOST: commonVariables.HOST,
  PORT: portVariable.default(8070).describe('port to listen on; 0 picks a free one'),
  OPERATOR_PORT: portVariable
    .optional()
    .describe('port of /livez and /readyz, which need no token; unset: none'),
  LOG_LEVEL: commonVariables.LOG_LEVEL,
  STEPPE_INSTANCE_ID: z
    .string({ error: 'must be set' })
    .pipe(instanceIdSchema)
    .describe('id of this instance; tokens are bound to it'),
  STEPPE_RUN_DIR: requiredText
    .refine(
      (directory) => Buffer.byteLength(directory) <= 88,
      'is too long: a socket path in it would pass 100 bytes',
    )
    .describe('directory for the agent’s socket and the workers’ FIFOs'),
  STEPPE_WORKSPACE: requiredText.describe('directory of the session’s files'),
  STEPPE_KEYS_DIR: requiredText.describe(
    'directory with the public keys of the planes, control-plane.json and data-plane.json',
  ),
  STEPPE_SPOOL_DIR: z
    .string()
    .optional()
    .describe(
      'parent directory of the agent’s files of output; unset: STEPPE_INSTANCE_DIR, or else /var/spool/steppe',
    ),
  STEPPE_MEMORY_BYTES: integerVariable(1, Number.MAX_SAFE_INTEGER)
    .optional()
    .describe('memory limit of the worker and its children'),
  STEPPE_WORKSPACE_BYTES: integerVariable(1, Number.MAX_SAFE_INTEGER)
    .optional()
    .describe(
      'maximum size of the workspace (ephemeral_storage): an upload beyond it gets 507; unset: no limit',
    ),
  STEPPE_SUPERVISOR_COMMAND: z
    .string()
    .optional()
    .transform((text, ctx) => {
      try {
        return z
          .tuple([z.string()], z.string())
          .optional()
          .parse(text && JSON.parse(text));
      } catch {
        ctx.addIssue('must be a JSON list of texts');
        return z.NEVER;
      }
    })
    .describe(
      'local mode: command of the supervisor to start as a child, as a JSON list; in a pod the supervisor is a container',
    ),
  STEPPE_LIFELINE: z
    .enum(['stdin'])
    .optional()
    .describe('local mode: exit when standard input closes'),
  STEPPE_INSTANCE_DIR: z
    .string()
    .optional()
    .describe(
      'local mode: directory of this instance; the agent removes it when the lifeline closes',
    ),
  STEPPE_INSTANCES_DIR: z
    .string()
    .optional()
    .describe(
      'local mode: parent directory of all instances; the last agent removes it when the lifeline closes',
    ),
  STEPPE_READY_FD: integerVariable(3, 1024)
    .optional()
    .describe('local mode: file descriptor to which the agent writes {"port":…} when it is ready'),
  STEPPE_TERMINATION_FILE: z
    .string()
    .default('/dev/termination-log')
    .describe('path of the termination message'),
  ...runtimeVariables,
  ...agentLimitVariables,
});

/** The variables of this process that the supervisor, and so user code, may inherit. */
const inherited = [
  'PATH',
  'HOME',
  'LANG',
  'LC_ALL',
  'LC_CTYPE',
  'TZ',
  'TMPDIR',
  'STEPPE_PRELOAD',
  'STEPPE_FIGURE_FORMAT',
] as const;

export interface AgentConfig extends z.output<typeof variables> {
  inheritedEnv: Readonly<Record<string, string>>;
  /** A directory that this process alone uses, which it creates and removes. */
  spoolDirectory: string;
}

export function readConfig(): AgentConfig {
  const env: Environment = process.env;
  const config = loadConfig({
    service: 'session-agent',
    variables,
    env,
    args: process.argv.slice(2),
  });
  const parent = config.STEPPE_SPOOL_DIR ?? config.STEPPE_INSTANCE_DIR ?? '/var/spool/steppe';
  const spoolDirectory = join(parent, `spool-${config.STEPPE_INSTANCE_ID}`);
  return { ...config, inheritedEnv: pickVariables(env, inherited), spoolDirectory };
}
