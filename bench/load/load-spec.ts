import * as z from 'zod';

const requestSchema = z.object({
  method: z.string(),
  path: z.string(),
  headers: z.record(z.string(), z.string()),
  /** A text, or that many bytes. */
  body: z.union([z.string(), z.object({ bytes: z.number() })]).optional(),
});

/** One request of a load, as the load process builds it. */
export type LoadRequest = z.infer<typeof requestSchema>;

const common = {
  port: z.number(),
  requests: z.array(requestSchema).min(1),
};

/** What the load process sends, and when. */
export const loadSpecSchema = z.discriminatedUnion('kind', [
  /** At a rate, whether or not earlier requests have finished. */
  z.object({
    kind: z.literal('open'),
    ...common,
    perSecond: z.number(),
    seconds: z.number(),
    seed: z.number(),
    /** Which request is next. */
    order: z.enum(['in turn', 'at random']),
  }),
  /** Each connection sends its next request when it has the response to the last one. */
  z.object({
    kind: z.literal('closed'),
    ...common,
    connections: z.number(),
    /** Ends after this time, or after this number of requests on each connection. */
    until: z.union([z.object({ seconds: z.number() }), z.object({ requests: z.number() })]),
  }),
]);

export type LoadSpec = z.infer<typeof loadSpecSchema>;

const loadResultSchema = z.object({
  /** From the due time of each request, or from its start in a closed loop, to its last byte. */
  latenciesMs: z.array(z.number()),
  /** Bytes of all response bodies. */
  bytes: z.number(),
  seconds: z.number(),
});

export type LoadResult = z.infer<typeof loadResultSchema>;

/** A message of the load process. */
export const loadMessageSchema = z.union([
  z.object({ result: loadResultSchema }),
  z.object({ error: z.string() }),
]);
