import { eventually } from '@steppe/service-kit/testing/eventually';
import { expect, test } from 'vitest';
import { findInstance, isGone } from '../../support/processes/instance.ts';
import { useLocal } from '../../support/processes/use-local.ts';

const local = useLocal();

const programs = {
  python: {
    remember: (own: number) => `own = ${own}\nopen("own.txt", "w").write(str(own))`,
    recall: '[own, open("own.txt").read(), open("sent.txt").read()]',
    recalled: (own: number) => `[${own}, '${own}', '${own}']`,
  },
  node: {
    remember: (own: number) =>
      `const own = ${own};\nrequire("fs").writeFileSync("own.txt", String(own))`,
    recall:
      '[own, require("fs").readFileSync("own.txt", "utf8"), require("fs").readFileSync("sent.txt", "utf8")]',
    recalled: (own: number) => `[ ${own}, '${own}', '${own}' ]`,
  },
} as const;

test('fifty sessions at once stay isolated, and leave nothing behind', {
  timeout: 180_000,
}, async () => {
  const client = await local().newClient();
  const sessions = await Promise.all(
    Array.from({ length: 50 }, async (_, own) => {
      const runtime = own % 2 ? 'node' : 'python';
      const { session_id: id, instance_id: instanceId } = await client.createSession({ runtime });
      return {
        id,
        own,
        program: programs[runtime],
        instanceId: instanceId ?? '',
        instance: findInstance(instanceId),
      };
    }),
  );
  expect(new Set(sessions.map(({ instance }) => instance.directory)).size).toBe(50);

  await Promise.all(
    sessions.map(async ({ id, own, program }) => {
      expect(await client.run(id, program.remember(own))).toMatchObject({ status: 'completed' });
      expect(
        (await client.call('PUT', `/v1/sessions/${id}/files/sent.txt`, String(own))).status,
      ).toBe(201);
    }),
  );
  const results = await Promise.all(
    sessions.map(({ id, program }) => client.run(id, program.recall)),
  );
  for (const [own, { results: values, session_id }] of results.entries()) {
    expect(session_id).toBe(sessions[own]?.id);
    expect(values).toMatchObject([{ 'text/plain': sessions[own]?.program.recalled(own) }]);
  }
  const files = await Promise.all(
    sessions.map(async ({ id }) =>
      (await client.call('GET', `/v1/sessions/${id}/files/own.txt`)).text(),
    ),
  );
  expect(files).toEqual(sessions.map(({ own }) => String(own)));

  const deleted = await Promise.all(
    sessions.map(({ id }) => client.call('DELETE', `/v1/sessions/${id}`)),
  );
  expect(deleted.map(({ status }) => status)).toEqual(sessions.map(() => 204));
  await eventually(() => {
    expect(
      sessions
        .filter(({ instanceId, instance }) => !isGone(instanceId, instance))
        .map(({ id }) => id),
    ).toEqual([]);
  });
});
