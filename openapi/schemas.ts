import { envSchema, metadataSchema, resourcesSchema, timeSchema } from '@steppe/contracts/fields';
import { fileEntrySchema, fileListSchema } from '@steppe/contracts/file';
import { instanceIdSchema, sessionIdSchema, stepIdSchema } from '@steppe/contracts/ids';
import {
  createSessionSchema,
  patchSessionSchema,
  runtimeListSchema,
  runtimeSchema,
  sessionListSchema,
  sessionSchema,
} from '@steppe/contracts/session';
import {
  cutOffLineSchema,
  keepaliveLineSchema,
  restartResponseSchema,
  stepEventSchema,
  stepListSchema,
  stepResultSchema,
} from '@steppe/contracts/step';
import {
  jsonValueSchema,
  resultBundleSchema,
  stepErrorSchema,
} from '@steppe/contracts/step-output';
import { restartRequestSchema, stepRequestSchema } from '@steppe/contracts/step-request';
import * as z from 'zod';
import type { JsonSchema } from './document.ts';
import { publicErrorSchema } from './public-error.ts';

/** Schemas that are the same in requests and in responses. */
const shared = {
  Env: envSchema,
  JsonValue: jsonValueSchema,
  Metadata: metadataSchema,
  Resources: resourcesSchema,
  SessionId: sessionIdSchema,
  StepId: stepIdSchema,
  InstanceId: instanceIdSchema,
  Time: timeSchema,
};

const requests = {
  CreateSession: createSessionSchema,
  PatchSession: patchSessionSchema,
  StepRequest: stepRequestSchema,
  RestartRequest: restartRequestSchema,
};

const responses = {
  CutOff: cutOffLineSchema,
  Error: publicErrorSchema,
  FileEntry: fileEntrySchema,
  FileList: fileListSchema,
  Keepalive: keepaliveLineSchema,
  Restarted: restartResponseSchema,
  ResultBundle: resultBundleSchema,
  Runtime: runtimeSchema,
  RuntimeList: runtimeListSchema,
  Session: sessionSchema,
  SessionList: sessionListSchema,
  StepError: stepErrorSchema,
  StepEvent: stepEventSchema,
  StepList: stepListSchema,
  StepResult: stepResultSchema,
};

export type SchemaName = keyof typeof shared | keyof typeof requests | keyof typeof responses;

export const schemaRef = (name: SchemaName): JsonSchema => ({ $ref: uriOf(name) });

/**
 * Returns every named schema as JSON Schema 2020-12: for requests the accepted input, for responses
 * the output.
 */
export function componentSchemas(): Record<string, JsonSchema> {
  return sortKeys({
    ...toJsonSchemas({ ...shared, ...requests }, 'input'),
    ...toJsonSchemas({ ...shared, ...responses }, 'output'),
  });
}

/** Returns the properties of a query after parsing: numbers instead of digits. */
export function propertiesOf(query: z.ZodObject): Record<string, JsonSchema> {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(query.shape)) registry.add(schema as z.ZodType, { id });
  return convert(registry, 'output');
}

const uriOf = (name: string): string => `#/components/schemas/${name}`;

function toJsonSchemas(
  schemas: Record<string, z.ZodType>,
  io: 'input' | 'output',
): Record<string, JsonSchema> {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(schemas)) registry.add(schema, { id });
  return convert(registry, io);
}

function convert(
  registry: z.core.$ZodRegistry<{ id?: string }>,
  io: 'input' | 'output',
): Record<string, JsonSchema> {
  const { schemas } = z.toJSONSchema(registry, { io, uri: uriOf, override: describe });
  return Object.fromEntries(
    Object.entries(schemas).map(
      ([name, { $id: _, $schema: __, ...schema }]): [string, JsonSchema] => [name, schema],
    ),
  );
}

function describe({
  zodSchema,
  jsonSchema,
}: {
  zodSchema: z.core.$ZodTypes;
  jsonSchema: z.core.JSONSchema.BaseSchema;
}): void {
  const { def } = zodSchema._zod;
  // zod omits the default if a preprocessor runs before the schema; ours only refuse values.
  if (def.type === 'default') jsonSchema.default = def.defaultValue;
  simplify(jsonSchema);
}

/** Removes the keywords that tell a reader nothing. */
function simplify(schema: z.core.JSONSchema.BaseSchema): void {
  if (schema.maximum === Number.MAX_SAFE_INTEGER) delete schema.maximum;
  if (schema.minimum === Number.MIN_SAFE_INTEGER) delete schema.minimum;
  if (schema.propertyNames !== undefined && Object.keys(schema.propertyNames).join() === 'type')
    delete schema.propertyNames;
  // `date-time` already covers the calendar; the pattern only needs to require milliseconds and Z.
  if (schema.format === 'date-time') schema.pattern = String.raw`\.\d{3}Z$`;
}

const sortKeys = <T>(record: Record<string, T>): Record<string, T> =>
  Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
