/**
 * The part of OpenAPI 3.1 that our document uses; a test validates all of it against the official
 * schema.
 */
export type JsonSchema = Readonly<Record<string, unknown>>;

export interface Example {
  summary?: string;
  value: unknown;
}

export interface Reference {
  $ref: string;
}

export interface MediaType {
  schema: JsonSchema;
  examples?: Record<string, Example | Reference>;
  /** OpenAPI 3.1 has no field for the items of a stream; 3.2 calls it `itemSchema`. */
  'x-item-schema'?: JsonSchema;
}

export interface Parameter {
  name: string;
  in: 'path' | 'query' | 'header';
  required?: boolean;
  description?: string;
  schema: JsonSchema;
  style?: 'form';
  explode?: boolean;
  example?: unknown;
}

export interface Header {
  description: string;
  required?: boolean;
  schema: JsonSchema;
}

export interface Response {
  description: string;
  headers?: Record<string, Header>;
  content?: Record<string, MediaType>;
  links?: Record<string, Link>;
}

export interface Link {
  operationId: string;
  parameters: Record<string, string>;
}

export interface Operation {
  operationId: string;
  tags: string[];
  summary: string;
  description: string;
  security: Record<string, string[]>[];
  parameters: Parameter[];
  requestBody?: { required: boolean; content: Record<string, MediaType> };
  responses: Record<string, Response | Reference>;
  /** The code samples that Redoc, Scalar and others display. */
  'x-codeSamples': { lang: string; source: string }[];
}

export interface Document {
  openapi: '3.1.0';
  info: {
    title: string;
    version: string;
    summary: string;
    description: string;
    license: { name: string; identifier: string };
  };
  servers: { url: string; description: string }[];
  tags: { name: string; description: string }[];
  paths: Record<string, Record<string, Operation>>;
  components: {
    schemas: Record<string, JsonSchema>;
    responses: Record<string, Response>;
    examples: Record<string, Example>;
    securitySchemes: Record<string, Record<string, string>>;
  };
}
