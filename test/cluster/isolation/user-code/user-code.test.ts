import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { Client } from '../../../support/api/client.ts';
import { useTarget } from '../../../support/use-target.ts';

const target = useTarget();

const viewSchema = z.object({
  /** Command lines, with a NUL after each argument. */
  processes: z.array(z.string()),
  environment: z.record(z.string(), z.string()),
  supervisorVariables: z.array(z.string()),
  writable: z.array(z.string()),
  /** Files that hold a token or a private key. */
  secrets: z.array(z.string()),
  /** Files of the agent, or of a service account. */
  foreign: z.array(z.string()),
  /** Fields of /proc/self/status. */
  status: z.record(z.string(), z.string()),
});

const languages = [
  {
    runtime: 'python',
    extension: 'py',
    programs: ['python3 /opt/steppe/python/supervisor.py'],
    variables: [
      ...['HOME', 'LANG', 'PATH', 'PYTHONUNBUFFERED', 'PYTHONUSERBASE'],
      ...['STEPPE_INSTANCE_ID', 'STEPPE_WORKSPACE', 'TERM'],
    ],
    tries: 68,
  },
  {
    runtime: 'node',
    extension: 'mjs',
    programs: [
      '/opt/steppe/tini -- node /opt/steppe/node/supervisor.cjs',
      expect.stringMatching(/^\/\S+\/node .*\/opt\/steppe\/node\/worker\.cjs$/),
      'node /opt/steppe/node/supervisor.cjs',
    ],
    variables: ['HOME', 'LANG', 'PATH', 'STEPPE_INSTANCE_ID'],
    tries: 41,
  },
];

/** /dev/shm and /dev/mqueue are the container's own memory, and count as such. */
const writable =
  /^\/(workspace|tmp|run\/steppe|dev\/shm|dev\/mqueue)(\/|$)|^\/dev\/termination-log$/;

/** Nothing of that name (a device, say), or no permission. */
const refused = /^(EPERM|EACCES|EROFS|ENOENT|ENOSYS|EXDEV|EADDRINUSE|status \d+)$/;

describe.each(languages)('the code of a step in $runtime', (language) => {
  let client: Client;
  let sessionId: string;
  beforeAll(async () => {
    client = await target().newClient();
    sessionId = (await client.createSession({ runtime: language.runtime })).session_id;
  });

  const runProgram = async (name: string): Promise<unknown> => {
    const file = new URL(`programs/${name}.${language.extension}`, import.meta.url);
    const { stdout, error } = await client.run(sessionId, readFileSync(file, 'utf8'));
    if (error) throw new Error(JSON.stringify(error));
    return JSON.parse(stdout);
  };

  test('sees only its own runtime, without privileges, tokens or keys', async () => {
    const view = viewSchema.parse(await runProgram('view'));
    const programs = view.processes.map((line) => line.replaceAll('\0', ' ').trim());
    expect([...new Set(programs)].toSorted()).toEqual(language.programs);
    expect(Object.keys(view.environment).toSorted()).toEqual(language.variables);
    expect(
      view.supervisorVariables.filter((name) => name.startsWith('STEPPE_')).toSorted(),
    ).toEqual(['STEPPE_INSTANCE', 'STEPPE_INSTANCE_ID', 'STEPPE_RUN_DIR', 'STEPPE_WORKSPACE']);
    expect(view.secrets).toEqual([]);
    expect(view.foreign).toEqual([]);
    expect(view.writable.filter((path) => !writable.test(path))).toEqual([]);
    expect(view.status).toMatchObject({
      Uid: expect.stringMatching(/^10001(\s+10001){3}$/),
      Gid: expect.stringMatching(/^10001(\s+10001){3}$/),
      Groups: '10001',
      CapEff: '0000000000000000',
      CapBnd: '0000000000000000',
      NoNewPrivs: '1',
      Seccomp: '2',
    });
  });

  test(`gains no privilege in any of ${language.tries} ways`, async () => {
    const outcomes = Object.entries(
      z.record(z.string(), z.string()).parse(await runProgram('escalate')),
    );
    expect(outcomes.filter(([, outcome]) => !refused.test(outcome))).toEqual([]);
    expect(outcomes).toHaveLength(language.tries);
  });
});
