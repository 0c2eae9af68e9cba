import { createSessionSchema } from '@steppe/contracts/session';
import type { Clock } from '@steppe/service-kit/process/clock';
import { createLogger } from '@steppe/service-kit/process/logger';
import { newTenantId } from '@steppe/session-store/conformance/session-records';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { InstanceEnd } from '../../provisioner/session-provisioner.ts';
import { StartFailedError } from '../../provisioner/start-failed-error.ts';
import {
  type FixtureServices,
  type ReconcilerFixture,
  startTables,
  type Tables,
} from '../../testing/reconciler-fixture.ts';
import { AgentCallError } from '../agent-client.ts';
import { createSession } from './create-session.ts';
import { createPendingCreates } from './pending-creates.ts';

let tables: Tables;
let fixture: ReconcilerFixture;
beforeAll(async () => {
  tables = await startTables();
  fixture = await tables.openFixture();
});
afterAll(() => tables.close());

const unreachable = () =>
  new AgentCallError('POST /internal/bind of ins_1: connect ECONNREFUSED 10.0.0.7:8080', {
    detail: 'the agent cannot be reached (ECONNREFUSED)',
    isUnreachable: true,
  });

/** Creates a session with the `given` services. Returns the client's error and the row. */
async function fail(given: Partial<FixtureServices>) {
  const tenantId = newTenantId();
  const request = { tenantId, body: createSessionSchema.parse({}), idempotencyKey: undefined };
  const creating = createSession(fixture.services(given), {
    ...request,
    client: new AbortController().signal,
  });
  const error: unknown = await creating.catch((thrown: unknown) => thrown);
  const { sessions } = await fixture.store.listByTenant(tenantId, { limit: 9 });
  return { error, row: sessions[0] };
}

type End = Pick<InstanceEnd, 'reason' | 'detail'>;
const detail = 'its node is gone';

it.each<[End, string]>([
  [{ reason: 'node_lost', detail }, `node_lost: ${detail}`],
  [{ reason: 'evicted', detail }, `evicted: ${detail}`],
  [{ reason: 'oom_killed' }, 'oom_killed'],
  [{ reason: 'crashed', detail: 'exit code 7' }, 'exit code 7'],
  [{ reason: 'deleted' }, 'deleted: its instance was ended before it was bound'],
])('records how the instance ended if %j makes the bind fail', async (end, words) => {
  const bind = async ({ instanceId }: { instanceId: InstanceEnd['instanceId'] }) => {
    fixture.inMemory.kill(instanceId, end);
    throw unreachable();
  };
  const { error, row } = await fail({ agents: { ...fixture.inMemory.agents, bind } });
  expect(row).toMatchObject({ state: 'failed', end_reason: 'crashed', end_detail: words });
  expect(error).toMatchObject({
    code: 'provisioning_failed',
    details: { end_reason: 'crashed', end_detail: words },
  });
});

it('waits a moment for an end that is reported after the bind has failed', async () => {
  const bind = () => Promise.reject(unreachable());
  const provisioner = fixture.inMemory.open();
  const watch: typeof provisioner.watch = (listener) => {
    setImmediate(() => {
      for (const { instanceId } of fixture.inMemory.living())
        fixture.inMemory.kill(instanceId, { reason: 'node_lost', detail });
    });
    return provisioner.watch(listener);
  };
  const { row } = await fail({
    agents: { ...fixture.inMemory.agents, bind },
    provisioner: { ...provisioner, watch },
  });
  expect(row).toMatchObject({
    state: 'failed',
    end_reason: 'crashed',
    end_detail: `node_lost: ${detail}`,
  });
});

it('records why the bind failed if no end of the instance is known', async () => {
  const bind = () => Promise.reject(unreachable());
  const provisioner = {
    ...fixture.inMemory.open(),
    watch: () => {
      throw new Error('the cluster does not respond');
    },
  };
  const { error, row } = await fail({ agents: { ...fixture.inMemory.agents, bind }, provisioner });
  expect(row).toMatchObject({
    end_reason: 'crashed',
    end_detail: 'the agent cannot be reached (ECONNREFUSED)',
  });
  expect(JSON.stringify(error)).not.toContain('10.0.0.7');
});

it('records how the instance ended if that delayed the create past its limit', async () => {
  let expire = () => {};
  const after: Clock['after'] = (_, act) => {
    expire = act;
    return () => {};
  };
  const bind: FixtureServices['agents']['bind'] = ({ instanceId }, _, signal) => {
    fixture.inMemory.kill(instanceId, { reason: 'node_lost', detail });
    queueMicrotask(expire);
    return new Promise((_resolve, reject) =>
      signal.addEventListener('abort', () => reject(signal.reason)),
    );
  };
  const { row } = await fail({
    agents: { ...fixture.inMemory.agents, bind },
    pending: createPendingCreates(100, { after }),
  });
  expect(row).toMatchObject({
    state: 'failed',
    end_reason: 'crashed',
    end_detail: `node_lost: ${detail}`,
  });
});

it('returns no stack trace, path or address of ours; only the log has them', async () => {
  const trace =
    'exit code 1: no interpreter\n    at start (/srv/steppe/dist/session-agent.mjs:3:18)\nsee /srv/steppe/log';
  const lines: string[] = [];
  const logger = createLogger({
    service: 'test',
    level: 'info',
    to: { write: (line) => void lines.push(line) },
  });
  const start = () => Promise.reject(new StartFailedError('crashed', trace));
  const { error, row } = await fail({ provisioner: { ...fixture.inMemory.open(), start }, logger });
  const end_detail = 'exit code 1: no interpreter\nsee log';
  expect(row).toMatchObject({ end_reason: 'crashed', end_detail });
  expect(error).toMatchObject({
    details: { end_detail },
    message: expect.not.stringContaining('/srv'),
  });
  expect(lines.join('')).toContain('/srv/steppe/dist/session-agent.mjs:3:18');
});
