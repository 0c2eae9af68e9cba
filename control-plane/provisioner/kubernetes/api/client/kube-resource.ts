import * as z from 'zod';
import type { CallOptions, DeleteOptions, ListPage, ListQuery } from '../kube-api.ts';
import { isKubeApiError, nullIfNotFound } from '../kube-api-error.ts';
import type { KubeCaller } from './call-kube-api.ts';

interface KubeResourceOptions<T> {
  /** `pods`: as in the API server's paths. */
  plural: string;
  kind: 'Pod' | 'Service' | 'Event';
  namespace: string;
  schema: z.ZodType<T>;
}

type Manifest = { metadata: { name: string } };

type PatchOptions = CallOptions & { resourceVersion?: string | undefined };

/** The verbs that all kinds of objects share. */
export interface KubeResource<T> {
  create(manifest: Manifest, options?: CallOptions): Promise<T>;
  get(name: string, options?: CallOptions): Promise<T | null>;
  patch(name: string, patch: object, options?: PatchOptions): Promise<T>;
  delete(name: string, options?: DeleteOptions): Promise<'deleting' | 'absent'>;
  list(query: ListQuery): Promise<ListPage<T>>;
  /** Of a request for the whole collection. */
  path(query: Record<string, string | undefined>): string;
}

export function createKubeResource<T>(
  caller: KubeCaller,
  { plural, kind, namespace, schema }: KubeResourceOptions<T>,
): KubeResource<T> {
  const collection = `/api/v1/namespaces/${encodeURIComponent(namespace)}/${plural}`;
  const one = (name: string) => `${collection}/${encodeURIComponent(name)}`;
  const path = (query: Record<string, string | undefined>) => withQuery(collection, query);
  const page = pageSchema(schema);

  const get = async (name: string, options: CallOptions = {}): Promise<T | null> => {
    const call = { ...options, method: 'GET', path: one(name), isIdempotent: true } as const;
    return nullIfNotFound(caller.call(call, schema));
  };

  return {
    path,
    get,
    async create(manifest, options = {}) {
      let isUnclear = false;
      const onUnclear = () => {
        isUnclear = true;
      };
      const body = { apiVersion: 'v1', kind, ...manifest };
      const call = { ...options, method: 'POST', path: collection, body, onUnclear } as const;
      try {
        return await caller.call({ ...call, isIdempotent: true }, schema);
      } catch (error) {
        // Names are never reused: what exists now was created by an earlier attempt of this call.
        const isOurs = isUnclear && isKubeApiError(error, 'already_exists');
        const found = isOurs ? await get(manifest.metadata.name, options) : null;
        if (found === null) throw error;
        return found;
      }
    },
    patch: (name, patch, { resourceVersion, ...options } = {}) =>
      caller.call(
        {
          ...options,
          method: 'PATCH',
          path: one(name),
          body: resourceVersion === undefined ? patch : withVersion(patch, resourceVersion),
          contentType: 'application/merge-patch+json',
          // After an unclear attempt, a conflict would not tell a lost race from a race won.
          isIdempotent: resourceVersion === undefined,
        },
        schema,
      ),
    async delete(name, { signal, uid, resourceVersion, gracePeriodSeconds } = {}) {
      const preconditions = uid || resourceVersion ? { uid, resourceVersion } : undefined;
      const body = { apiVersion: 'v1', kind: 'DeleteOptions', preconditions, gracePeriodSeconds };
      const call = { signal, method: 'DELETE', path: one(name), body, isIdempotent: true } as const;
      const deleted = await nullIfNotFound(caller.call(call, z.object({})));
      return deleted ? 'deleting' : 'absent';
    },
    async list({ signal, labels, read, limit, page: token }) {
      const query = {
        labelSelector: labelSelector(labels),
        // Without a version, the API server reads with a quorum; 0 is whatever its cache holds.
        resourceVersion: read === 'cached' && !token ? '0' : undefined,
        limit: limit?.toString(),
        continue: token,
      };
      const call = { signal, method: 'GET', path: path(query), isIdempotent: true } as const;
      const { items, metadata } = await caller.call(call, page);
      const { resourceVersion, continue: nextPage } = metadata;
      return { items, resourceVersion, nextPage: nextPage || null };
    },
  };
}

const pageSchema = <T>(schema: z.ZodType<T>) =>
  z.object({
    metadata: z.object({ resourceVersion: z.string(), continue: z.string().optional() }),
    items: z.array(schema),
  });

/** `a=1,b=2`: all of them. */
export const labelSelector = (
  labels: Readonly<Record<string, string>> | undefined,
): string | undefined =>
  labels &&
  Object.entries(labels)
    .map(([name, value]) => `${name}=${value}`)
    .join(',');

const withVersion = (patch: { metadata?: object }, resourceVersion: string): object => ({
  ...patch,
  metadata: { ...patch.metadata, resourceVersion },
});

function withQuery(path: string, query: Record<string, string | undefined>): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value) search.set(name, value);
  return search.size === 0 ? path : `${path}?${search}`;
}
