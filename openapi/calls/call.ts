import type * as z from 'zod';
import type { Example, JsonSchema, Link } from '../document.ts';
import type { PublicErrorCode } from '../error-codes.ts';
import type { RequestHeader, ResponseHeader } from '../headers.ts';
import type { SchemaName } from '../schemas.ts';

/**
 * The content of a body: JSON of a named schema, the bytes of a file, or a stream of items, each of
 * one of the named schemas.
 */
export type Content = { json: SchemaName } | { bytes: true } | { stream: readonly SchemaName[] };

export interface Body {
  content: Content;
  required: boolean;
  examples: Record<string, Example>;
}

/** Keyed by media type. */
export type ResponseContent = Record<
  string,
  { content: Content; examples: Record<string, Example> }
>;

export interface CallResponse {
  description: string;
  headers?: readonly ResponseHeader[];
  /** Absent for a response without a body. */
  content?: ResponseContent;
  links?: Record<string, Link>;
}

/** The description of a call, in addition to its row in the table of operations. */
export interface Call {
  summary: string;
  description: string;
  query?: z.ZodObject;
  /** Parameters without fixed names; keys are patterns. */
  queryPatterns?: { name: string; description: string; schema: JsonSchema; example: unknown };
  headers?: readonly RequestHeader[];
  body?: Body;
  responses: Readonly<Record<number, CallResponse>>;
  /** The errors besides those that every call of its kind can return. */
  errors: readonly PublicErrorCode[];
  /** The rest of a `curl` command that works if `$STEPPE_URL` and `$SESSION` are set. */
  sample: string;
}
