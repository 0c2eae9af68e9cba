import process from 'node:process';

/** What a worker may inherit from the supervisor's own environment; `LC_*` as well. */
const inherited = ['PATH', 'LANG', 'TZ', 'TERM', 'TMPDIR'];

/** sysexits.h EX_CONFIG. */
export const configErrorCode = 78;

// The system silently truncates a socket path of more than 107 bytes.
const maxSocketPathBytes = 100;

export type SupervisorConfig = {
  runDir: string;
  workspace: string;
  instanceId: string;
  socketPath: string;
  /** Standard input is a pipe from the agent. When it closes, the supervisor terminates. */
  hasLifeline: boolean;
  /** No supervisor of this instance was started before. */
  isFirst: boolean;
  /** Where cgroups are mounted. */
  cgroupDir: string;
  inherited: Record<string, string>;
};

/** Throws a ConfigError whose message is a sentence for the operator. */
export function readConfig(env: NodeJS.ProcessEnv = process.env): SupervisorConfig {
  const runDir = required(env, 'STEPPE_RUN_DIR');
  const socketPath = `${runDir}/agent.sock`;
  const length = Buffer.byteLength(socketPath);
  if (length > maxSocketPathBytes) {
    throw new ConfigError(
      `The socket path ${socketPath} has ${length} bytes, the limit is ${maxSocketPathBytes}: use a shorter STEPPE_RUN_DIR.`,
    );
  }
  const lifeline = env.STEPPE_LIFELINE;
  if (lifeline !== undefined && lifeline !== '' && lifeline !== 'stdin') {
    throw new ConfigError(`STEPPE_LIFELINE is "${lifeline}"; it must be "stdin".`);
  }
  return {
    runDir,
    workspace: required(env, 'STEPPE_WORKSPACE'),
    instanceId: required(env, 'STEPPE_INSTANCE_ID'),
    socketPath,
    hasLifeline: lifeline === 'stdin',
    isFirst: env.STEPPE_SUPERVISOR_START === 'first',
    cgroupDir: env.STEPPE_CGROUP_DIR || '/sys/fs/cgroup',
    inherited: pick(env),
  };
}

export class ConfigError extends Error {}

function required(env: NodeJS.ProcessEnv, name: string): string {
  const value = env[name];
  if (!value) throw new ConfigError(`${name} is not set.`);
  return value;
}

function pick(env: NodeJS.ProcessEnv): Record<string, string> {
  const picked: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (value !== undefined && (inherited.includes(name) || name.startsWith('LC_')))
      picked[name] = value;
  }
  return picked;
}
