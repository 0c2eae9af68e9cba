import * as z from 'zod';

export const stepErrorSchema = z.strictObject({ name: z.string(), message: z.string(), traceback: z.array(z.string()) });
export type StepError = z.infer<typeof stepErrorSchema>;

export const jsonValueSchema = z.json();

/** A MIME bundle: text as text, binary in base64, application/json as JSON; keys without a `/` are about the bundle. */
export const resultBundleSchema = z.record(z.string(), jsonValueSchema);
export type ResultBundle = z.infer<typeof resultBundleSchema>;
