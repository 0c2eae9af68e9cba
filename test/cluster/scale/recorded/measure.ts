import { type Session, sessionSchema } from '@steppe/contracts/session';
import { eventually } from '@steppe/service-kit/testing/eventually';
import { sessionsTable } from '@steppe/session-store/dynamodb/key-schema';
import { expect } from 'vitest';
import { quantile } from '../../harness/figures.ts';
import type { RecordedControlPlane } from './control-plane.ts';
import type { StoreRequest } from './store-proxy.ts';
import type { PassWork } from './work.ts';

export interface Measurement {
  pods: number;
  rows: number;
  pass: PassWork;
  passMs: number;
  /** The requests of a list to the table. */
  list: StoreRequest[];
  listMs: number;
  create: CreateWork;
  createMs: number;
  residentMb: number;
  heapMb: number;
  /** The event loop's longest turn since the start. */
  turnMs: number;
}

/** The requests of a create from the pool to the table and to the API server. */
interface CreateWork {
  table: string[];
  podLists: number;
}

interface Measured {
  pods: number;
  rows: number;
  /** A tenant with more sessions than a page of a list. */
  tenant: string;
  boundMs: number;
}

const creates = 3;
const mb = 1024 * 1024;

export async function measure(
  controlPlane: RecordedControlPlane,
  { pods, rows, tenant, boundMs }: Measured,
): Promise<Measurement> {
  const { metric } = controlPlane;
  const pass = await measurePass(controlPlane, boundMs);
  const list = await measureList(controlPlane, tenant);
  const create = await measureCreates(controlPlane, boundMs);
  return {
    ...{ pods, rows, ...pass, ...list, ...create },
    residentMb: (await metric('process_resident_memory_bytes')) / mb,
    heapMb: (await metric('nodejs_heap_size_used_bytes')) / mb,
    turnMs: controlPlane.longestTurnMs(),
  };
}

/** A whole pass that begins after this call, while nothing else is requested. */
async function measurePass({ recorder, metric }: RecordedControlPlane, boundMs: number) {
  const duration = 'steppe_reconciler_pass_duration_seconds';
  const read = async () => [await metric(`${duration}_sum`), await metric(`${duration}_count`)];
  const [seconds = 0, count = 0] = await read();
  const next = recorder.ended().length + 1;
  const pass = await eventually(() => {
    const ended = recorder.ended()[next];
    if (!ended) throw new Error('the pass has not ended');
    return ended;
  }, boundMs);
  const [secondsAfter = 0, countAfter = 0] = await read();
  return { pass, passMs: (1000 * (secondsAfter - seconds)) / (countAfter - count) };
}

async function measureList({ call, store }: RecordedControlPlane, tenant: string) {
  const before = store.requests.length;
  const startedMs = performance.now();
  const response = await call(tenant, 'GET', '/v1/sessions?limit=50');
  await response.text();
  const listMs = performance.now() - startedMs;
  expect(response.status).toBe(200);
  const { name } = sessionsTable.tenantIndex;
  const list = store.requests.slice(before).filter(({ target }) => target === name);
  return { list, listMs };
}

/** Creates from the pool, one after another; each session is deleted again. */
async function measureCreates(controlPlane: RecordedControlPlane, boundMs: number) {
  const { metric, call } = controlPlane;
  const tenant = 'scale-creates';
  const pods = await metric('steppe_pods{');
  const works: CreateWork[] = [];
  const durationsMs: number[] = [];
  for (let count = 0; count < creates; count += 1) {
    await untilPoolIsFull(controlPlane, boundMs);
    const { work, session, durationMs } = await createOne(controlPlane, tenant);
    works.push(work);
    durationsMs.push(durationMs);
    const deleted = await call(tenant, 'DELETE', `/v1/sessions/${session.session_id}`);
    expect(deleted.status).toBe(204);
    await eventually(async () => expect(await metric('steppe_pods{')).toBe(pods), boundMs);
  }
  const [create] = works;
  if (!create) throw new Error('nothing was created');
  for (const work of works) expect(work).toEqual(create);
  return { create, createMs: quantile(durationsMs, 0.5) };
}

async function untilPoolIsFull({ metric }: RecordedControlPlane, boundMs: number): Promise<void> {
  await eventually(async () => {
    const target = await metric('steppe_pool_target{');
    expect(target).toBeGreaterThan(0);
    expect(await metric('steppe_pool_instances{')).toBe(target);
  }, boundMs);
}

async function createOne({ call, store, api }: RecordedControlPlane, tenant: string) {
  const [storeBefore, apiBefore] = [store.requests.length, api.requests.length];
  const startedMs = performance.now();
  const response = await call(tenant, 'POST', '/v1/sessions');
  const text = await response.text();
  const durationMs = performance.now() - startedMs;
  expect(response.status, text).toBe(201);
  const session: Session = sessionSchema.parse(JSON.parse(text));
  const own = [session.session_id, `live#${tenant}`];
  const table = store.requests
    .slice(storeBefore)
    .filter(({ target }) => own.includes(target))
    .map(({ operation }) => operation);
  const podLists = api.requests.slice(apiBefore).filter(isLookup).length;
  return { work: { table, podLists }, session, durationMs };
}

/** Of warm pods, which a claim lists only if its cache has none. */
const isLookup = (request: string): boolean => request.includes('state%3Dwarm');
