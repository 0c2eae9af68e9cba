import { describe, expect, test } from 'vitest';
import { createApiCaller } from '../../chaos/drive/api-caller.ts';
import { type StepPlan, settleStep } from '../../chaos/drive/settle-step.ts';
import { readText } from '../../support/api/files.ts';
import { newTenant } from '../../support/api/issuer.ts';
import { createRandom } from '../../support/random.ts';
import type { SocketFault } from '../../support/sockets/socket-pair.ts';
import { useCluster } from './rig/use-cluster.ts';
import { sendInAllForms } from './rig/watched-step.ts';

const cluster = useCluster();

/** Writes some kilobytes in many events, and records in a file that it ran. */
const programs = {
  python: (name: string) => `import time
open("runs", "a").write("${name}\\n")
for i in range(30):
    print(i, "x" * 100, flush=True)
    time.sleep(0.004)
`,
  node: (name: string) => `require("fs").appendFileSync("runs", "${name}\\n");
for (let i = 0; i < 30; i++) {
  console.log(i, "x".repeat(100));
  await new Promise((resolve) => setTimeout(resolve, 4));
}`,
};
const output = Array.from({ length: 30 }, (_, i) => `${i} ${'x'.repeat(100)}\n`).join('');

const forms: StepPlan['form'][] = [
  'application/json',
  'application/x-ndjson',
  'text/event-stream',
  'later',
];
const seed = Date.now() % 1_000_000;
const languages = ['python', 'node'] as const;

describe.each(languages)(
  `sockets of a session of %s that are cut at random bytes (seed ${seed})`,
  (runtime) => {
    const random = createRandom(seed);
    const cut = (direction: 'request' | 'response', most: number): SocketFault => ({
      cutAfter: { direction, bytes: Math.floor(random() * most) },
    });

    async function open() {
      const { clientOf, createSession, services, replicas } = cluster();
      const tenant = newTenant();
      const client = await clientOf(tenant);
      const session = await createSession(client, { runtime });
      const urls = replicas.map(({ proxy }) => proxy.url);
      const api = createApiCaller({ urls, token: await services.tokenFor(tenant), random });
      return {
        client,
        session,
        api,
        sockets: { client: replicas.map(({ proxy }) => proxy), agent: [session.proxy] },
      };
    }

    test.each(['client', 'agent'] as const)(
      'of its %s: each step runs once, and its whole output can be read',
      async (side) => {
        const { client, session, api, sockets } = await open();
        const names: string[] = [];
        for (const form of forms) {
          for (const direction of ['request', 'response', 'response'] as const) {
            const stepId = `step-${names.push(`step-${names.length}`) - 1}`;
            const fault = cut(direction, direction === 'request' ? 900 : 6_000);
            for (const proxy of sockets[side]) proxy.setFault(fault);
            const plan = { stepId, code: programs[runtime](stepId), form, isCancelled: false };
            const { outcome, seqs } = await settleStep(
              api,
              session.id,
              plan,
              new AbortController().signal,
            );
            for (const proxy of sockets[side]) proxy.heal();
            const what = `${form}, ${JSON.stringify(fault)}`;
            expect(outcome, what).toMatchObject({
              kind: 'ended',
              result: { status: 'completed', stdout: output },
            });
            expect(seqs, what).toEqual(seqs.map((_, at) => at + 1));
          }
        }
        expect((await readText(client, session.id, 'runs')).trimEnd().split('\n')).toEqual(names);
      },
    );

    test('of its agent in the middle of a response: the client notices nothing', async () => {
      const { client, session } = await open();
      for (const at of [1, 2, 3]) {
        // Less than the size of any of the three responses.
        const fault = cut('response', 3_000);
        session.proxy.setFault(fault);
        const code = programs[runtime](`whole-${at}`);
        const [json, ...streams] = await sendInAllForms(client, session.id, {
          code,
          step_id: `whole-${at}`,
        });
        session.proxy.heal();
        expect(json, JSON.stringify(fault)).toMatchObject({
          kind: 'result',
          result: { status: 'completed', stdout: output },
        });
        for (const seen of streams) {
          const events = seen.kind === 'events' ? seen.events : [];
          expect(
            events.map(({ seq }) => seq),
            JSON.stringify(fault),
          ).toEqual(events.map((_, index) => index + 1));
          expect(events.at(-1), JSON.stringify(fault)).toMatchObject({
            type: 'step_ended',
            status: 'completed',
          });
          expect(events.map((event) => (event.type === 'stdout' ? event.text : '')).join('')).toBe(
            output,
          );
        }
      }
      expect(session.proxy.cutsMade()).toBe(3);
      expect(await readText(client, session.id, 'runs')).toBe('whole-1\nwhole-2\nwhole-3\n');
    });
  },
);
