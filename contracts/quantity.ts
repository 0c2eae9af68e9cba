import * as z from 'zod';

/** Longer than any amount needs; what a session requests is kept in its row. */
const longest = 32;

/**
 * A number, then a suffix or an exponent: the whole grammar of `resource.Quantity` in
 * k8s.io/apimachinery, but for amounts below zero. Its groups are the number, the suffix and the
 * exponent.
 */
export const quantityPattern =
  /^\+?(\d+(?:\.\d*)?|\.\d+)(?:([numkMGTPE]?|[KMGTPE]i)|[eE]([+-]?\d+))$/;

export const quantitySchema = z
  .string()
  .max(longest)
  .regex(quantityPattern, 'a Kubernetes quantity, such as 500m, 2, 512Mi');
