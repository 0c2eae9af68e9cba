import { readFile } from 'node:fs/promises';
import { quantitySchema } from '@steppe/contracts/fields';
import { namedIssues } from '@steppe/service-kit/config/load-config';
import { parse } from 'yaml';
import * as z from 'zod';
import { textsSchema, tolerationsSchema } from '../../runtimes/pod-options.ts';

const quantities = z.record(z.string().min(1), quantitySchema);

const podSettingsSchema = z.strictObject({
  /** The agent's container. */
  agent: z
    .strictObject({
      requests: quantities.default({ cpu: '20m', memory: '64Mi' }),
      limits: quantities.default({ memory: '256Mi' }),
    })
    .prefault({}),
  /** What the scheduler reserves for a runtime that names no requests of its own. */
  runtime_requests: quantities.default({ cpu: '20m', memory: '96Mi' }),
  image_pull_policy: z.enum(['Always', 'IfNotPresent', 'Never']).default('IfNotPresent'),
  image_pull_secrets: z.array(z.string().min(1)).default([]),
  labels: textsSchema.default({}),
  annotations: textsSchema.default({}),
  node_selector: textsSchema.default({}),
  tolerations: tolerationsSchema.default([]),
  /** As in a pod's spec; the API server validates it. */
  affinity: z.record(z.string(), z.unknown()).optional(),
  runtime_class: z.string().min(1).optional(),
  seccomp_profile: z
    .discriminatedUnion('type', [
      z.strictObject({ type: z.literal('RuntimeDefault') }),
      z.strictObject({ type: z.literal('Localhost'), localhostProfile: z.string().min(1) }),
    ])
    .default({ type: 'RuntimeDefault' }),
  priority_class: z.string().min(1).optional(),
  /** The resolvers of sessions; without any, no name resolves in a session. */
  dns: z
    .strictObject({
      nameservers: z
        .array(z.union([z.ipv4(), z.ipv6()]))
        .max(3)
        .default([]),
    })
    .prefault({}),
});

/** What the operator says of all session pods. */
export type PodSettings = z.output<typeof podSettingsSchema>;

export const defaultPodSettings: PodSettings = podSettingsSchema.parse({});

/**
 * Reads the operator's file; an empty one leaves everything at its default.
 * @returns the settings, or what is wrong with them, one line each.
 */
export async function readPodSettings(
  path: string | undefined,
): Promise<{ settings: PodSettings } | { complaints: string[] }> {
  if (path === undefined) return { settings: defaultPodSettings };
  const complaint = (message: string) => `POD_SETTINGS: ${path}: ${message}`;
  try {
    const parsed = podSettingsSchema.safeParse(parse(await readFile(path, 'utf8')) ?? {});
    if (parsed.success) return { settings: parsed.data };
    return { complaints: namedIssues(parsed.error).map(complaint) };
  } catch (error) {
    return { complaints: [complaint(error instanceof Error ? error.message : String(error))] };
  }
}
