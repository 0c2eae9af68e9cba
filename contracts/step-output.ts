import * as z from 'zod';

export const stepErrorSchema = z.strictObject({
  name: z.string(),
  message: z.string(),
  traceback: z.array(z.string()),
});
export type StepError = z.infer<typeof stepErrorSchema>;

export const jsonValueSchema = z.json();

/** Keys of a bundle besides its MIME types; only the agent adds `is_main_result`. */
export const bundleKeys = ['display_id', 'is_update', 'metadata'] as const;

const bundleKeySchema = z
  .string()
  .regex(new RegExp(`/|^(?:is_main_result|${bundleKeys.join('|')})$`));

/**
 * A MIME bundle: text as text, binary data in base64, application/json as JSON; the few keys
 * without a `/` describe the bundle.
 */
export const resultBundleSchema = z.record(bundleKeySchema, jsonValueSchema);
export type ResultBundle = z.infer<typeof resultBundleSchema>;
