import { publicErrorSchema } from '@steppe/contracts/errors/public-errors';
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
import type * as z from 'zod';
import type { CreateDocumentOptions } from 'zod-openapi';

/** The schemas that the document refers to by name. */
export const namedSchemas = {
  CreateSession: createSessionSchema,
  CutOff: cutOffLineSchema,
  Env: envSchema,
  Error: publicErrorSchema,
  FileEntry: fileEntrySchema,
  FileList: fileListSchema,
  InstanceId: instanceIdSchema,
  JsonValue: jsonValueSchema,
  Keepalive: keepaliveLineSchema,
  Metadata: metadataSchema,
  PatchSession: patchSessionSchema,
  Resources: resourcesSchema,
  RestartRequest: restartRequestSchema,
  Restarted: restartResponseSchema,
  ResultBundle: resultBundleSchema,
  Runtime: runtimeSchema,
  RuntimeList: runtimeListSchema,
  Session: sessionSchema,
  SessionId: sessionIdSchema,
  SessionList: sessionListSchema,
  StepError: stepErrorSchema,
  StepEvent: stepEventSchema,
  StepId: stepIdSchema,
  StepList: stepListSchema,
  StepRequest: stepRequestSchema,
  StepResult: stepResultSchema,
  Time: timeSchema,
} satisfies Record<string, z.ZodType>;

const names = new Map<z.ZodType, string>(
  Object.entries(namedSchemas).map(([name, schema]) => [schema, name]),
);

/** A reference to a named schema, for the places where the library takes no zod schema. */
export function schemaRef(schema: z.ZodType): { $ref: string } {
  const name = names.get(schema);
  if (name === undefined) throw new Error('the schema has no name in the document');
  return { $ref: `#/components/schemas/${name}` };
}

type Override = NonNullable<CreateDocumentOptions['override']>;

/** Corrects what zod writes, and removes the keywords that tell a reader nothing. */
export const adjustSchema: Override = ({ zodSchema, jsonSchema }) => {
  const { def } = zodSchema._zod;
  if (def.type === 'object') addDefaults(def.shape, jsonSchema.properties);
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
  if (Object.keys(jsonSchema.propertyNames ?? {}).join() === 'type')
    delete jsonSchema.propertyNames;
  // `date-time` already covers the calendar; the pattern only needs to require milliseconds and Z.
  if (jsonSchema.format === 'date-time') jsonSchema.pattern = String.raw`\.\d{3}Z$`;
};

/** zod omits the default if a preprocessor runs before the schema; ours only refuse values. */
function addDefaults(
  shape: z.core.$ZodShape,
  properties: z.core.JSONSchema.BaseSchema['properties'] = {},
): void {
  for (const [name, { _zod }] of Object.entries(shape)) {
    const { def } = _zod as z.core.$ZodTypes['_zod'];
    const property = properties[name];
    if (def.type === 'default' && typeof property === 'object') property.default = def.defaultValue;
  }
}
