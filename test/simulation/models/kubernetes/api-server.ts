import type { KubeRequest } from '@steppe/control-plane/provisioner/kubernetes/api/client/kube-connection';
import { fakeStatus } from '@steppe/control-plane/provisioner/kubernetes/api/testing/fake-objects';
import type { ClusterParts } from './cluster-parts.ts';
import { type ClusterState, type Kind, type KubeObject, matches } from './cluster-state.ts';
import { newStatus } from './pod-status.ts';

export interface ApiReply {
  status: number;
  body: object;
}

interface ApiServerOptions extends ClusterParts {
  /** @returns undefined if all addresses of services are in use. */
  takeClusterIp: () => string | undefined;
}

/** Kubernetes' API of one namespace: what each request does, at the moment when it is executed. */
export interface ApiServer {
  execute(request: KubeRequest): ApiReply;
}

/** What the adapter sends: a manifest, a merge patch, or the options of a deletion. */
interface RequestBody {
  metadata?: Partial<KubeObject['metadata']>;
  spec?: KubeObject['spec'];
  preconditions?: { uid?: string; resourceVersion?: string };
  gracePeriodSeconds?: number;
}

const kinds: Readonly<Record<string, Kind>> = { pods: 'Pod', services: 'Service', events: 'Event' };
const restartPolicies: readonly unknown[] = [undefined, 'Always', 'OnFailure', 'Never'];

export function createApiServer(options: ApiServerOptions): ApiServer {
  const { state } = options;
  return {
    execute({ method, path, body }) {
      const { pathname, searchParams } = new URL(path, 'http://api');
      const [plural = '', name] = pathname.split('/').slice(5);
      const kind = kinds[plural];
      const sent = asRequestBody(body);
      if (!kind) return failure(404, 'NotFound', `no resource ${plural}`);
      if (method === 'POST') return create(options, kind, sent);
      // The connection sends what a watch yields.
      if (searchParams.has('watch')) return { status: 200, body: {} };
      if (name === undefined) return list(state, kind, searchParams);
      const found = state.get(kind, name);
      if (!found) return failure(404, 'NotFound', `${plural} "${name}" not found`);
      if (method === 'GET') return { status: 200, body: found };
      return method === 'PATCH' ? patch(state, found, sent) : remove(options, found, sent);
    },
  };
}

/** RFC 3339, in whole seconds. */
const timestamp = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;

/** `a=1,b=2` */
export const parseSelector = (text: string | null): Record<string, string> =>
  Object.fromEntries((text ?? '').split(',').flatMap((part) => (part ? [part.split('=')] : [])));

function create(
  { state, kernel, takeClusterIp, maxPods = Number.POSITIVE_INFINITY }: ApiServerOptions,
  kind: Kind,
  sent: RequestBody,
): ApiReply {
  const name = sent.metadata?.name ?? '';
  if (state.get(kind, name)) return failure(409, 'AlreadyExists', `${name} already exists`);
  const spec = { ...sent.spec };
  if (!restartPolicies.includes(spec.restartPolicy))
    return failure(422, 'Invalid', `spec.restartPolicy: ${spec.restartPolicy}`);
  const used = kind === 'Pod' ? state.list(kind).filter((pod) => !isTerminal(pod)).length : 0;
  if (used >= maxPods)
    return failure(403, 'Forbidden', `exceeded quota: sessions, used: pods=${used}`);
  const clusterIP = kind === 'Service' ? takeClusterIp() : undefined;
  if (kind === 'Service' && !clusterIP) return failure(500, 'InternalError', 'range is full');
  const created = state.put({
    ...sent,
    kind,
    metadata: {
      labels: {},
      annotations: {},
      ...sent.metadata,
      name,
      uid: `uid-${state.version}`,
      resourceVersion: '',
      creationTimestamp: timestamp(kernel.nowMs),
    },
    spec: { ...spec, ...(clusterIP && { clusterIP }) },
    ...(kind === 'Pod' && { status: newStatus }),
  });
  return { status: 201, body: created };
}

function list(state: ClusterState, kind: Kind, query: URLSearchParams): ApiReply {
  const [version = '', start = '0'] = query.get('continue')?.split('.') ?? [`${state.version}`];
  if (Number(version) < state.oldestVersion)
    return failure(410, 'Expired', 'the token has expired');
  const labels = parseSelector(query.get('labelSelector'));
  const all = state
    .list(kind, Number(version))
    .filter((one) => matches(one.metadata.labels, labels));
  const end = Number(start) + Number(query.get('limit') ?? all.length);
  const next = end < all.length ? { continue: `${version}.${end}` } : {};
  const metadata = { resourceVersion: version, ...next };
  return { status: 200, body: { metadata, items: all.slice(Number(start), end) } };
}

function patch(state: ClusterState, found: KubeObject, sent: RequestBody): ApiReply {
  const { resourceVersion, ...metadata } = sent.metadata ?? {};
  if (resourceVersion !== undefined && resourceVersion !== found.metadata.resourceVersion)
    return failure(409, 'Conflict', 'the object has been modified');
  const deadline = found.spec.activeDeadlineSeconds ?? Number.POSITIVE_INFINITY;
  if ((sent.spec?.activeDeadlineSeconds ?? 0) > deadline)
    return failure(422, 'Invalid', 'spec.activeDeadlineSeconds: must be less than before');
  return { status: 200, body: state.put(asObject(merge(found, { ...sent, metadata }))) };
}

function remove(
  { state, kernel }: ApiServerOptions,
  found: KubeObject,
  { preconditions = {}, gracePeriodSeconds }: RequestBody,
): ApiReply {
  const { metadata, spec, kind } = found;
  const { uid = metadata.uid, resourceVersion = metadata.resourceVersion } = preconditions;
  if (uid !== metadata.uid || resourceVersion !== metadata.resourceVersion)
    return failure(409, 'Conflict', 'a precondition does not hold');
  const hasRun = kind === 'Pod' && spec.nodeName !== undefined && !isTerminal(found);
  const grace = hasRun ? (gracePeriodSeconds ?? spec.terminationGracePeriodSeconds ?? 30) : 0;
  if (grace === 0) state.remove(found);
  else if (!metadata.deletionTimestamp) markDeleted(state, found, kernel.nowMs, grace);
  return { status: 200, body: found };
}

/** Begins the deletion; the kubelet finishes it. */
export function markDeleted(
  state: ClusterState,
  pod: KubeObject,
  nowMs: number,
  graceSeconds: number,
): void {
  const deletionTimestamp = timestamp(nowMs + graceSeconds * 1000);
  const deletionGracePeriodSeconds = graceSeconds;
  const metadata = { ...pod.metadata, deletionTimestamp, deletionGracePeriodSeconds };
  state.put({ ...pod, metadata });
}

const isTerminal = ({ status }: KubeObject): boolean =>
  status?.phase === 'Failed' || status?.phase === 'Succeeded';

const failure = (status: number, reason: string, message: string): ApiReply => ({
  status,
  body: fakeStatus(status, reason, message),
});

/** RFC 7396. */
function merge(target: unknown, sent: unknown): unknown {
  if (!isRecord(sent)) return sent;
  const merged = { ...(isRecord(target) && target) };
  for (const [name, value] of Object.entries(sent)) {
    if (value === null) delete merged[name];
    else merged[name] = merge(merged[name], value);
  }
  return merged;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The types of the adapter guarantee what it sends. */
const asRequestBody = (body: object | undefined): RequestBody => (body ?? {}) as RequestBody;

/** A patch has the fields of `PodPatch` and `EventPatch`, which leave an object what it is. */
const asObject = (merged: unknown): KubeObject => merged as KubeObject;
