import * as z from 'zod';

/** The settings of a stage that every stack needs. */
export const settingsSchema = z.strictObject({
  account: z.string().regex(/^\d{12}$/, 'must be the 12 digits of an account'),
  region: z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d$/, 'must be a region, such as eu-central-1'),
  /** Of the planes. The release of the chart there is called steppe. */
  namespace: z.string().default('steppe'),
  table: z
    .strictObject({
      /** Unset: steppe-STAGE-sessions. */
      name: z.string().min(3).optional(),
      key: z.enum(['aws-managed', 'customer']).default('aws-managed'),
    })
    .prefault({}),
});

export const stageNameSchema = z
  .string()
  .regex(/^[a-z][a-z0-9]{0,15}$/, 'must be 1 to 16 lower-case letters and digits');

export type StageSettings = z.output<typeof settingsSchema> & { stage: string };
