import type * as z from 'zod';
import type { PublicErrorCode } from '../errors/public-errors.ts';
import type { Scope } from '../scopes.ts';
import type { RequestHeader, ResponseHeader } from './headers.ts';

/** An example of a body, and why a reader may want it. */
interface Example {
  summary?: string;
  value: unknown;
}

/**
 * The content of a body: JSON of a schema, the bytes of a file, or a stream of items, each of one
 * of the schemas.
 */
export type Content = { json: z.ZodType } | { bytes: true } | { stream: readonly z.ZodType[] };

export type MediaType = Content & { examples: Record<string, Example> };

interface RequestBody {
  content: MediaType;
  required: boolean;
}

/** A call that may follow, with the parameters that it takes from this one. */
export interface Link {
  operationId: string;
  parameters: Record<string, string>;
}

export interface OperationResponse {
  description: string;
  headers?: readonly ResponseHeader[];
  /** Keyed by media type; absent for a response without a body. */
  content?: Record<string, MediaType>;
  links?: Record<string, Link>;
}

/** Parameters without fixed names, in JSON Schema: each key and value of an object is a parameter. */
interface QueryPatterns {
  name: string;
  description: string;
  schema: {
    type: 'object';
    patternProperties: Record<string, { type: 'string'; maxLength: number }>;
    additionalProperties: boolean;
    maxProperties: number;
  };
  example: Record<string, string>;
}

/** The contract of one call: how to make it, who may, and everything that it can return. */
export interface Operation {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'HEAD';
  /** `:name` stands for one segment, a final `*` for the rest of the path. */
  path: string;
  /** The rest of the path may end in a slash, which names a directory. */
  mayEndInSlash?: true;
  scope: Scope;
  /** The service that serves the operation; the data-plane proxies those of the control-plane. */
  servedBy: 'control-plane' | 'session-agent';
  /** The group that the documentation lists it in. */
  tag: 'sessions' | 'steps' | 'files';
  summary: string;
  description: string;
  query?: z.ZodObject;
  queryPatterns?: QueryPatterns;
  headers?: readonly RequestHeader[];
  body?: RequestBody;
  responses: Readonly<Record<number, OperationResponse>>;
  /** The errors besides those that every call of its kind can return. */
  errors: readonly PublicErrorCode[];
  /** The rest of a `curl` command that works if `$STEPPE_URL` and `$SESSION` are set. */
  sample: string;
}
