import * as z from 'zod';
import type { KubeCaller } from '../provisioner/kubernetes/api/client/call-kube-api.ts';
import { nullIfNotFound } from '../provisioner/kubernetes/api/kube-api-error.ts';

export interface ObjectName {
  kind: 'Secret' | 'ConfigMap';
  namespace: string;
  name: string;
}

/** The Secrets and ConfigMaps that an installation consists of, each by its name. */
export interface NamedObjects {
  /** The entries as text, or null if there is no such object. */
  read(object: ObjectName): Promise<Readonly<Record<string, string>> | null>;
  /**
   * Creates the object, or sets these entries of it. Server-side apply sends the name of what it
   * creates, so that a Role can allow `create` for that name alone.
   */
  apply(object: ObjectName, entries: Readonly<Record<string, string>>): Promise<void>;
  /** Does nothing if it is absent. */
  remove(object: ObjectName): Promise<void>;
}

const objectSchema = z.object({ data: z.record(z.string(), z.string()).optional() });

export function createNamedObjects(caller: Pick<KubeCaller, 'call'>): NamedObjects {
  return {
    async read(object) {
      const call = { method: 'GET', path: pathOf(object), isIdempotent: true } as const;
      const found = await nullIfNotFound(caller.call(call, objectSchema));
      if (found === null) return null;
      const entries = Object.entries(found.data ?? {});
      return Object.fromEntries(
        entries.map(([name, text]) => [name, object.kind === 'Secret' ? decode(text) : text]),
      );
    },
    async apply(object, entries) {
      const { kind, name, namespace } = object;
      const labels = { 'app.kubernetes.io/part-of': 'steppe' };
      const content = kind === 'Secret' ? { stringData: entries } : { data: entries };
      await caller.call(
        {
          method: 'PATCH',
          path: `${pathOf(object)}?fieldManager=steppe-install&force=true`,
          body: { apiVersion: 'v1', kind, metadata: { name, namespace, labels }, ...content },
          contentType: 'application/apply-patch+yaml',
          isIdempotent: true,
        },
        objectSchema,
      );
    },
    async remove(object) {
      const call = { method: 'DELETE', path: pathOf(object), isIdempotent: true } as const;
      await nullIfNotFound(caller.call(call, z.object({})));
    },
  };
}

const plurals = { Secret: 'secrets', ConfigMap: 'configmaps' } as const;

const pathOf = ({ kind, namespace, name }: ObjectName): string =>
  `/api/v1/namespaces/${encodeURIComponent(namespace)}/${plurals[kind]}/${encodeURIComponent(name)}`;

const decode = (text: string): string => Buffer.from(text, 'base64').toString('utf8');
