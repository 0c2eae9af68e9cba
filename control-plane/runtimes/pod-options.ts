import { quantitySchema } from '@steppe/contracts/fields';
import * as z from 'zod';

/** Kubernetes' own form, as in a pod's spec. */
export const tolerationsSchema = z.array(
  z.strictObject({
    key: z.string().optional(),
    operator: z.enum(['Exists', 'Equal']).optional(),
    value: z.string().optional(),
    effect: z.enum(['NoSchedule', 'PreferNoSchedule', 'NoExecute']).optional(),
    tolerationSeconds: z.number().int().optional(),
  }),
);

export const textsSchema = z.record(z.string().min(1), z.string());
const quantitiesSchema = z.record(z.string().min(1), quantitySchema);

/** What a runtime may say of its pods, beside its image. */
export const podOptionsShape = {
  runtime_class: z.string().min(1).optional(),
  node_selector: textsSchema.optional(),
  tolerations: tolerationsSchema.optional(),
  /** What the scheduler reserves for the runtime’s container; its limits are the session's. */
  requests: quantitiesSchema.optional(),
  /** Resources of a device plugin, such as `nvidia.com/gpu`. */
  extended_resources: quantitiesSchema.optional(),
  pod_labels: textsSchema.optional(),
  pod_annotations: textsSchema.optional(),
};

const podOptionsSchema = z.object(podOptionsShape);
export type PodOptions = z.output<typeof podOptionsSchema>;

/** The options that an entry names, without its other fields; undefined if it names none. */
export function pickPodOptions(entry: PodOptions): PodOptions | undefined {
  const options = podOptionsSchema.parse(entry);
  const named = Object.entries(options).filter(([, value]) => value !== undefined);
  return named.length > 0 ? Object.fromEntries(named) : undefined;
}
