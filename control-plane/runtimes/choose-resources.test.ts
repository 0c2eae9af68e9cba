import { expect, it } from 'vitest';
import { builtInRuntimes } from './built-in-runtimes.ts';
import { chooseResources } from './choose-resources.ts';
import { findRuntime } from './find-runtime.ts';

const runtimes = builtInRuntimes(1);
const python = findRuntime(runtimes, 'python');

it.each([
  ['python', 'python'],
  ['python3', 'python'],
  ['py', 'python'],
  ['node', 'node'],
  ['javascript', 'node'],
  ['js', 'node'],
  ['typescript', 'node'],
  ['ts', 'node'],
])('takes %s for %s', (name, runtime) => {
  expect(findRuntime(runtimes, name).name).toBe(runtime);
});

it('lists the known runtimes if the name is unknown', () => {
  expect(() => findRuntime(runtimes, 'ruby')).toThrow('the known ones are python, node');
});

it('prefers a runtime of the operator to an alias with the same name', () => {
  expect(findRuntime([{ ...python, name: 'py' }, python], 'py').name).toBe('py');
});

it('fills in the defaults for what was not requested', () => {
  expect(chooseResources(python, { memory: '1Gi' })).toEqual({
    ...python.default_resources,
    memory: '1Gi',
  });
});

it('accepts exactly the maximum, in any unit', () => {
  expect(chooseResources(python, { memory: '8192Mi', cpu: '4000m' })).toMatchObject({
    memory: '8192Mi',
    cpu: '4000m',
  });
});

it.each([
  ['memory', '500m', '32Mi'],
  ['memory', '1', '32Mi'],
  ['memory', '31Mi', '32Mi'],
  ['cpu', '0', '1m'],
  ['cpu', '1u', '1m'],
  ['ephemeral_storage', '1k', '1Mi'],
])('refuses less than the minimum, and names the minimum: %s %s', (kind, quantity, least) => {
  expect(() => chooseResources(python, { [kind]: quantity })).toThrow(
    `resources.${kind} is ${quantity}, and ${least} is the least`,
  );
});

it('accepts exactly the minimum', () => {
  expect(chooseResources(python, { memory: '32Mi', cpu: '1m' })).toMatchObject({
    memory: '32Mi',
    cpu: '1m',
  });
});

it('names each resource that is too large or too small', () => {
  const issues = [{ path: 'resources.cpu' }, { path: 'resources.memory' }];
  expect(() => chooseResources(python, { cpu: '0m', memory: '9Gi' })).toThrow(
    expect.objectContaining({
      code: 'invalid_request',
      details: { issues: issues.map((issue) => expect.objectContaining(issue)) },
    }),
  );
});
