import { describe, expect, it } from 'vitest';
import { builtInRuntimes } from './built-in-runtimes.ts';
import { parseRuntimes } from './parse-runtimes.ts';
import { toSessionRuntime } from './session-runtime.ts';

const builtIn = builtInRuntimes(1);

const runtimesOf = (file: unknown) => {
  const parsed = parseRuntimes(JSON.stringify(file), builtIn);
  if ('complaints' in parsed) throw new Error(parsed.complaints.join('\n'));
  return parsed.runtimes;
};
const complaintsOf = (file: unknown) => {
  const parsed = parseRuntimes(typeof file === 'string' ? file : JSON.stringify(file), builtIn);
  return 'complaints' in parsed ? parsed.complaints.join('\n') : '';
};
const namesOf = (file: unknown) => runtimesOf(file).map(({ name }) => name);

describe('a list of runtimes', () => {
  it('adds to the built-in ones, with the defaults of its language', () => {
    const file = {
      torch: {
        language: 'python',
        image: 'torch:1',
        max_resources: { memory: '32Gi' },
        preload: ['torch'],
      },
    };
    const runtimes = runtimesOf(file);
    expect(runtimes.map(({ name }) => name)).toEqual(['python', 'node', 'python-data', 'torch']);
    expect(runtimes.at(-1)).toEqual({
      name: 'torch',
      language: 'python',
      image: 'torch:1',
      default_resources: { cpu: '1', memory: '512Mi', ephemeral_storage: '1Gi' },
      max_resources: { cpu: '4', memory: '32Gi', ephemeral_storage: '20Gi' },
      preload: ['torch'],
      poolSize: 0,
    });
  });

  it('changes only the named fields of a built-in one', () => {
    const changed = runtimesOf({ python: { interpreter: '/opt/python', pool_size: 5 } }).find(
      ({ name }) => name === 'python',
    );
    expect(changed).toEqual({ ...builtIn[0], interpreter: '/opt/python', poolSize: 5 });
    const data = runtimesOf({ 'python-data': { pool_size: 2 } }).find(
      ({ name }) => name === 'python-data',
    );
    expect(data?.preload).toContain('numpy');
  });

  it('parses the settings of pods for one runtime', () => {
    const pod = {
      runtime_class: 'kata',
      tolerations: [{ key: 'gpu', operator: 'Exists' }],
      extended_resources: { 'nvidia.com/gpu': '1' },
    };
    const runtimes = runtimesOf({ torch: { language: 'python', image: 'torch:1', ...pod } });
    expect(runtimes.at(-1)?.pod).toEqual(pod);
    expect(runtimes[0]?.pod).toBeUndefined();
  });

  it('removes a built-in one with null', () => {
    expect(namesOf({ node: null, 'python-data': null })).toEqual(['python']);
    expect(complaintsOf({ node: null, 'python-data': null, python: null })).toBe(
      'no runtime is left',
    );
  });

  it.each([
    ['invalid JSON', '{', /is not valid JSON/],
    ['no object', [], /expected record/i],
    ['a name of another kind', { 'My Runtime': { language: 'node' } }, /My Runtime/],
    ['an unknown field', { x: { language: 'node', colour: 'red' } }, /x: .*colour/],
    [
      'a toleration that Kubernetes does not know',
      { x: { language: 'node', tolerations: [{ operator: 'Like' }] } },
      /x\.tolerations\.0\.operator/,
    ],
    ['an unknown language', { x: { language: 'ruby' } }, /x\.language/],
    ['no language where none is built in', { x: {} }, /x\.language: must be python or node/],
    [
      'an invalid quantity',
      { x: { language: 'node', max_resources: { cpu: 'many' } } },
      /x\.max_resources\.cpu/,
    ],
    [
      'defaults past the largest',
      { node: { max_resources: { cpu: '500m' } } },
      /node\.default_resources\.cpu: is 1, .* 500m/,
    ],
    [
      'defaults of nought',
      { node: { default_resources: { cpu: '0' } } },
      /node\.default_resources\.cpu: is 0, and 1m is the least/,
    ],
    [
      'too little memory',
      { node: { default_resources: { memory: '500m' } } },
      /memory: is 500m, and 32Mi is the least/,
    ],
    ['a pool below nought', { node: { pool_size: -1 } }, /node\.pool_size/],
    ['a preload for Node', { node: { preload: ['fs'] } }, /node\.preload: is for Python alone/],
    ['a module that could be an option', { python: { preload: ['-c'] } }, /python\.preload\.0/],
  ])('is refused for %s', (_, file, complaint) => {
    expect(complaintsOf(file)).toMatch(complaint);
  });

  it('reports everything that is wrong at once', () => {
    const file = { a: {}, node: { max_resources: { cpu: '500m' } } };
    expect(complaintsOf(file).split('\n')).toHaveLength(2);
  });
});

it('changes the version with what instances are created from, not with the pool size', () => {
  const [python] = builtIn;
  if (!python) throw new Error('there are built-in runtimes');
  const versionOf = (change: Partial<typeof python>, fingerprint = 'same') =>
    toSessionRuntime({ ...python, ...change }, fingerprint).version;
  expect(versionOf({ poolSize: 9 })).toBe(versionOf({}));
  expect(versionOf({ image: 'python:2' })).not.toBe(versionOf({}));
  expect(versionOf({}, 'another')).not.toBe(versionOf({}));
});
