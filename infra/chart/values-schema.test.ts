import { readdir, readFile } from 'node:fs/promises';
import { Ajv } from 'ajv';
import { beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';

type Values = { [name: string]: unknown };

const read = (path: string) => readFile(new URL(path, import.meta.url), 'utf8');
const isObject = (value: unknown): value is Values =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** As Helm merges values: objects by their names, everything else whole. */
const merge = (base: Values, changes: Values): Values => {
  const merged = { ...base };
  for (const [name, value] of Object.entries(changes)) {
    const before = base[name];
    merged[name] = isObject(before) && isObject(value) ? merge(before, value) : value;
  }
  return merged;
};

let schema: Values;
let defaults: Values;
let issuesOf: (...changes: Values[]) => string[];
const minimal = {
  auth: {
    issuers: ['https://issuer.test'],
    audiences: ['steppe'],
    jwksUrl: 'https://issuer.test/k',
  },
  dynamodb: { region: 'eu-central-1' },
};

beforeAll(async () => {
  schema = JSON.parse(await read('values.schema.json'));
  defaults = parse(await read('values.yaml'));
  const validate = new Ajv({ allErrors: true, strict: false }).compile(schema);
  issuesOf = (...changes) => {
    validate(changes.reduce(merge, defaults));
    return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
  };
});

test('the values need an issuer, its keys and a region, and nothing else', () => {
  expect(issuesOf(minimal)).toEqual([]);
  expect(issuesOf().join('\n')).toMatch(/auth\/issuers[\s\S]*dynamodb\/region/);
});

test('every example is valid', async () => {
  const files = await readdir(new URL('./examples', import.meta.url));
  expect(files.length).toBeGreaterThan(1);
  for (const file of files) expect(issuesOf(parse(await read(`examples/${file}`)))).toEqual([]);
});

test('every object refuses names that it does not know', () => {
  const open: string[] = [];
  const look = (at: unknown, path: string) => {
    if (Array.isArray(at)) for (const [index, one] of at.entries()) look(one, `${path}/${index}`);
    if (!isObject(at)) return;
    if (isObject(at.properties) && at.type === 'object' && at.additionalProperties !== false)
      open.push(path);
    for (const [name, value] of Object.entries(at)) look(value, `${path}/${name}`);
  };
  look(schema, '');
  expect(open).toEqual([]);
});

test('every default is a value that the schema describes', () => {
  const undescribed: string[] = [];
  const look = (values: Values, described: unknown, path: string) => {
    for (const [name, value] of Object.entries(values)) {
      const properties = isObject(described) ? described.properties : undefined;
      if (!isObject(properties)) continue;
      if (!(name in properties)) undescribed.push(`${path}.${name}`);
      if (isObject(value)) look(value, properties[name], `${path}.${name}`);
    }
  };
  look(defaults, schema, '');
  expect(undescribed).toEqual([]);
});

const bypass = { auth: { mode: 'bypass' } };
describe('settings for development and test are refused elsewhere', () => {
  test.each<[string, Values]>([
    ['bypass', bypass],
    ['the dev issuer', { auth: { devIssuer: { enabled: true } } }],
    ['the local store', { dynamodb: { local: { enabled: true } } }],
  ])('%s', (_, values) => {
    expect(issuesOf(minimal, values).join()).toContain('/environment must be equal');
    expect(issuesOf(minimal, values, { environment: 'staging' })).not.toEqual([]);
    for (const environment of ['development', 'test'])
      expect(issuesOf(minimal, values, { environment })).toEqual([]);
  });
});

test.each<[string, Values]>([
  ['a typo', { dataPlane: { replica: 3 } }],
  ['two sources of keys', { auth: { jwksConfigMap: 'keys' } }],
  ['one Secret of three', { keys: { controlPlane: { existingSecret: 'mine' } } }],
  ['a list of CIDRs that is empty', { sessions: { egress: { mode: 'cidrs' } } }],
  ['a variable that is not of the callers', { auth: { variables: { AUTH_MODE: 'bypass' } } }],
  ['a limit that the data-plane cannot exceed', { limits: { provisioningSeconds: 3601 } }],
  ['an unknown field of a runtime', { runtimes: { python: { images: 'x' } } }],
])('refuses %s', (_, values) => {
  expect(issuesOf(minimal, values)).not.toEqual([]);
});
