import * as z from 'zod';

/** Longer than any amount needs; bounded because the session's row stores it. */
const longest = 32;

/**
 * A number, then a suffix or an exponent: the whole grammar of `resource.Quantity` in
 * k8s.io/apimachinery, except for negative amounts. Its groups are the number, the suffix and the
 * exponent.
 */
export const quantityPattern =
  /^\+?(\d+(?:\.\d*)?|\.\d+)(?:([numkMGTPE]?|[KMGTPE]i)|[eE]([+-]?\d+))$/;

export const quantitySchema = z
  .string()
  .max(longest)
  .regex(quantityPattern, 'a Kubernetes quantity, such as 500m, 2, 512Mi');
