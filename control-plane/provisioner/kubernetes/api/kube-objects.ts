import * as z from 'zod';

/**
 * Objects as the API server returns them, in Kubernetes' own shape. They hold only the fields that
 * we use: the rest of a pod is ten times as large, and a cache keeps thousands.
 */

const stringMap = z.record(z.string(), z.string()).default({});

const ownerReferenceSchema = z.object({ kind: z.string(), name: z.string(), uid: z.string() });

const metadataSchema = z.object({
  name: z.string(),
  uid: z.string(),
  /** Opaque: compared for equality and sent back, never ordered. */
  resourceVersion: z.string(),
  /** RFC 3339, in whole seconds. */
  creationTimestamp: z.string(),
  /** Present once a delete was accepted: when the grace period ends. */
  deletionTimestamp: z.string().optional(),
  deletionGracePeriodSeconds: z.number().optional(),
  labels: stringMap,
  annotations: stringMap,
  ownerReferences: z.array(ownerReferenceSchema).optional(),
});

const conditionSchema = z.object({
  type: z.string(),
  status: z.enum(['True', 'False', 'Unknown']),
  reason: z.string().optional(),
  message: z.string().optional(),
  lastTransitionTime: z.string().nullish(),
});
export type PodCondition = z.infer<typeof conditionSchema>;

const terminatedSchema = z.object({
  exitCode: z.number(),
  signal: z.number().optional(),
  reason: z.string().optional(),
  message: z.string().optional(),
  startedAt: z.string().nullish(),
  finishedAt: z.string().nullish(),
});
export type ContainerTermination = z.infer<typeof terminatedSchema>;

const containerStateSchema = z.object({
  waiting: z.object({ reason: z.string().optional(), message: z.string().optional() }).optional(),
  running: z.object({ startedAt: z.string().nullish() }).optional(),
  terminated: terminatedSchema.optional(),
});

const containerStatusSchema = z.object({
  name: z.string(),
  ready: z.boolean(),
  restartCount: z.number(),
  state: containerStateSchema.default({}),
  lastState: containerStateSchema.default({}),
});
export type ContainerStatus = z.infer<typeof containerStatusSchema>;

const podStatusSchema = z.object({
  phase: z.enum(['Pending', 'Running', 'Succeeded', 'Failed', 'Unknown']).default('Pending'),
  podIP: z.string().optional(),
  /** `Evicted`, `DeadlineExceeded`, `NodeLost`, … */
  reason: z.string().optional(),
  message: z.string().optional(),
  conditions: z.array(conditionSchema).default([]),
  initContainerStatuses: z.array(containerStatusSchema).default([]),
  containerStatuses: z.array(containerStatusSchema).default([]),
});

export const podSchema = z.object({
  metadata: metadataSchema,
  spec: z.object({
    nodeName: z.string().optional(),
    activeDeadlineSeconds: z.number().optional(),
  }),
  status: podStatusSchema,
});
export type Pod = z.infer<typeof podSchema>;

export const serviceSchema = z.object({
  metadata: metadataSchema,
  spec: z.object({
    /** `None` for a headless service. */
    clusterIP: z.string().optional(),
  }),
});
export type Service = z.infer<typeof serviceSchema>;
