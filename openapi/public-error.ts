import { errorBodySchema, errorKinds } from '@steppe/contracts/errors';
import * as z from 'zod';
import { errorTexts, type PublicErrorCode, publicErrorCodes } from './error-codes.ts';

/** The body of an error as clients see it. */
export const publicErrorSchema = z.strictObject({
  error: errorBodySchema.shape.error.extend({
    code: z.enum(publicErrorCodes),
    message: z.string().describe('what happened and what to do'),
    retryable: z.boolean().describe('whether the same request may succeed later'),
    request_id: z
      .string()
      .describe('of the response’s `X-Request-Id`; the operator’s logs have it'),
  }),
});

/** A whole response with the given code. */
export const errorExample = (code: PublicErrorCode): z.input<typeof publicErrorSchema> => ({
  error: {
    code,
    message: errorTexts[code].message,
    retryable: errorKinds[code].retryable,
    request_id: '3f0c1d52-6a0e-4f5e-9d0a-0b6f2f6f7f11',
    details: errorTexts[code].details ?? {},
  },
});
