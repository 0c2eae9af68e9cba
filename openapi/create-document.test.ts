import { readFile } from 'node:fs/promises';
import { Validator } from '@seriousme/openapi-schema-validator';
import { publicErrorCodes } from '@steppe/contracts/errors/public-errors';
import { operations } from '@steppe/contracts/operations';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { expect, test } from 'vitest';
import type { oas31 } from 'zod-openapi';
import { createDocument } from './create-document.ts';

type Reference = oas31.ReferenceObject;
type Example = oas31.ExampleObject;
type MediaType = oas31.MediaTypeObject;
type Response = oas31.ResponseObject;
/** An operation as `createDocument` writes it: with an id, and with a body that is no reference. */
interface Operation {
  operationId: string;
  requestBody?: oas31.RequestBodyObject;
  responses: Record<string, Response | Reference>;
}

const document = createDocument();
const { components: { examples = {}, responses = {} } = {}, paths = {} } = document;
const calls: Operation[] = Object.values(paths).flatMap((methods) => Object.values(methods));

test('docs/openapi.json equals this document: `make openapi` writes it', async () => {
  const written = await readFile(new URL('../docs/openapi.json', import.meta.url), 'utf8');
  expect(written).toBe(`${JSON.stringify(document, null, 2)}\n`);
});

test('the document is OpenAPI 3.1', async () => {
  const { valid, errors } = await new Validator().validate(
    structuredClone(document) as unknown as Record<string, unknown>,
  );
  expect(errors).toBeUndefined();
  expect(valid).toBe(true);
});

test('the document contains every call, with an example of each request and response', () => {
  expect(calls.map(({ operationId }) => operationId).toSorted()).toEqual(
    Object.keys(operations).toSorted(),
  );
  const bare = calls.flatMap((call) =>
    mediaTypesOf(call).filter(({ media }) => Object.keys(media.examples ?? {}).length === 0),
  );
  expect(bare).toEqual([]);
});

test('every call lists the responses that precede routing', () => {
  for (const call of calls)
    expect(Object.keys(call.responses)).toEqual(expect.arrayContaining(['408', '431']));
});

test('every error code has an example, and a call or the introduction that documents it', () => {
  expect(Object.keys(examples).toSorted()).toEqual(publicErrorCodes.toSorted());
  const told = JSON.stringify([responses, document.info.description]);
  expect(publicErrorCodes.filter((code) => !told.includes(`\`${code}\``))).toEqual([]);
});

test.each(calls.map((call): [string, Operation] => [call.operationId, call]))(
  'the examples of %s match their schemas',
  (_, call) => {
    const wrong = mediaTypesOf(call).flatMap(({ where, media }) =>
      Object.entries(media.examples ?? {}).flatMap(([name, example]) =>
        complaints(media.schema, resolve(example).value).map(
          (complaint) => `${where} ${name}: ${complaint}`,
        ),
      ),
    );
    expect(wrong).toEqual([]);
  },
);

test('the items of example streams are events, of every type that a successful step emits', () => {
  const types = mediaTypesOf(callOf('follow_step')).flatMap(({ media }) => {
    const { 'x-item-schema': item, examples: streams = {} } = media;
    if (!item) return [];
    const lines = Object.values(streams).flatMap(
      (stream) => String(resolve(stream).value).match(/\{.*\}/g) ?? [],
    );
    expect(lines.flatMap((line) => complaints(item, JSON.parse(line)))).toEqual([]);
    return lines.map((line) => JSON.parse(line).type);
  });
  expect(new Set(types)).toEqual(new Set(['step_started', 'stdout', 'result', 'step_ended']));
});

test('a schema refuses what its zod schema refuses', () => {
  const step = schemaOf('run_step');
  expect(complaints(step, { code: '1' })).toEqual([]);
  for (const wrong of [
    {},
    { code: 1 },
    { code: '1', timeout_ms: 0 },
    { code: '1', colour: 'red' },
    { code: '1', env: { 'a-b': '' } },
  ]) {
    expect(complaints(step, wrong)).not.toEqual([]);
  }
});

const ajv = new Ajv2020({ strict: false, allErrors: true });
addFormats.default(ajv);

function complaints(schema: object | undefined, value: unknown): string[] {
  const validate = ajv.compile({ ...schema, components: document.components });
  return validate(value)
    ? []
    : (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}

const isReference = (value: object): value is Reference => '$ref' in value;
const nameOf = ({ $ref }: Reference): string => $ref.slice($ref.lastIndexOf('/') + 1);

const resolve = (example: Example | Reference): Example =>
  isReference(example) ? (examples[nameOf(example)] ?? { value: undefined }) : example;

function contentOf(response: Response | Reference | undefined): Response['content'] {
  if (!response) return undefined;
  return isReference(response) ? contentOf(responses[nameOf(response)]) : response.content;
}

function mediaTypesOf({
  requestBody,
  responses: given,
}: Operation): { where: string; media: MediaType }[] {
  const bodies = Object.entries(given).map(([status, response]): [string, Response['content']] => [
    status,
    contentOf(response),
  ]);
  return [['request', requestBody?.content] as const, ...bodies].flatMap(([where, content = {}]) =>
    Object.entries(content).map(([type, media]) => ({ where: `${where} ${type}`, media })),
  );
}

function callOf(name: keyof typeof operations): Operation {
  const call = calls.find(({ operationId }) => operationId === name);
  if (!call) throw new Error(`the document has no ${name}`);
  return call;
}

const schemaOf = (name: keyof typeof operations): object | undefined =>
  callOf(name).requestBody?.content['application/json']?.schema;
