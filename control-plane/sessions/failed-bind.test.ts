import { createSessionSchema } from '@steppe/contracts/session';
import { newTenantId } from '@steppe/route-store/conformance/session-records';
import { createLogger } from '@steppe/service-kit/logger';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { InstanceEnd } from '../provisioner/session-provisioner.ts';
import { StartFailed } from '../provisioner/start-failed.ts';
import { type BedServices, type ReconcilerBed, startTables, type Tables } from '../testing/reconciler-bed.ts';
import { AgentCallFailed } from './agent-client.ts';
import { createSession } from './create-session.ts';
import { createPendingCreates } from './pending-creates.ts';

let tables: Tables;
let bed: ReconcilerBed;
beforeAll(async () => {
  tables = await startTables();
  bed = await tables.openBed();
});
afterAll(() => tables.close());

const unreachable = () =>
  new AgentCallFailed('POST /internal/bind of ins_1: connect ECONNREFUSED 10.0.0.7:8080', {
    detail: 'the agent cannot be reached (ECONNREFUSED)',
    isUnreachable: true,
  });

/** Creates with `given` in the place of the bed's own; what the client is told, and the row. */
async function fail(given: Partial<BedServices>) {
  const tenantId = newTenantId();
  const request = { tenantId, body: createSessionSchema.parse({}), idempotencyKey: undefined };
  const creating = createSession(bed.services(given), { ...request, client: new AbortController().signal });
  const told: unknown = await creating.catch((error: unknown) => error);
  const { sessions } = await bed.store.listByTenant(tenantId, { limit: 9 });
  return { told, row: sessions[0] };
}

type End = Pick<InstanceEnd, 'reason' | 'detail'>;
const detail = 'its node is gone';

it.each<[End, string]>([
  [{ reason: 'node_lost', detail }, `node_lost: ${detail}`],
  [{ reason: 'evicted', detail }, `evicted: ${detail}`],
  [{ reason: 'oom_killed' }, 'oom_killed'],
  [{ reason: 'crashed', detail: 'exit code 7' }, 'exit code 7'],
  [{ reason: 'deleted' }, 'deleted: its instance was ended before it was bound'],
])('records how the instance ended where a bind fails by %j', async (end, words) => {
  const bind = async ({ instanceId }: { instanceId: InstanceEnd['instanceId'] }) => {
    bed.place.kill(instanceId, end);
    throw unreachable();
  };
  const { told, row } = await fail({ agents: { ...bed.place.agents, bind } });
  expect(row).toMatchObject({ state: 'failed', end_reason: 'crashed', end_detail: words });
  expect(told).toMatchObject({ code: 'runtime_unreachable', details: { end_reason: 'crashed', end_detail: words } });
});

it('waits a moment for an end that is told after the bind has failed', async () => {
  const bind = () => Promise.reject(unreachable());
  const provisioner = bed.place.open();
  const endOf: typeof provisioner.endOf = async (instanceId) => {
    setImmediate(() => bed.place.kill(instanceId, { reason: 'node_lost', detail }));
    return null;
  };
  const { row } = await fail({ agents: { ...bed.place.agents, bind }, provisioner: { ...provisioner, endOf } });
  expect(row).toMatchObject({ state: 'failed', end_reason: 'crashed', end_detail: `node_lost: ${detail}` });
});

it('records why the bind failed where nothing is known of an end', async () => {
  const bind = () => Promise.reject(unreachable());
  const provisioner = { ...bed.place.open(), endOf: () => Promise.reject(new Error('the cluster does not respond')) };
  const { told, row } = await fail({ agents: { ...bed.place.agents, bind }, provisioner });
  expect(row).toMatchObject({ end_reason: 'crashed', end_detail: 'the agent cannot be reached (ECONNREFUSED)' });
  expect(JSON.stringify(told)).not.toContain('10.0.0.7');
});

it('records how the instance ended where a create is late because of that', async () => {
  const bind: BedServices['agents']['bind'] = ({ instanceId }, _, signal) => {
    bed.place.kill(instanceId, { reason: 'node_lost', detail });
    return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
  };
  const { row } = await fail({ agents: { ...bed.place.agents, bind }, pending: createPendingCreates(100) });
  expect(row).toMatchObject({ state: 'failed', end_reason: 'crashed', end_detail: `node_lost: ${detail}` });
});

it('shows no stack trace, path or address of ours, which the log has', async () => {
  const trace = 'exit code 1: no interpreter\n    at start (/srv/steppe/dist/session-agent.mjs:3:18)\nsee /srv/steppe/log';
  const lines: string[] = [];
  const logger = createLogger({ service: 'test', level: 'info', to: { write: (line) => void lines.push(line) } });
  const start = () => Promise.reject(new StartFailed('crashed', trace));
  const { told, row } = await fail({ provisioner: { ...bed.place.open(), start }, logger });
  const end_detail = 'exit code 1: no interpreter\nsee log';
  expect(row).toMatchObject({ end_reason: 'crashed', end_detail });
  expect(told).toMatchObject({ details: { end_detail }, message: expect.not.stringContaining('/srv') });
  expect(lines.join('')).toContain('/srv/steppe/dist/session-agent.mjs:3:18');
});
