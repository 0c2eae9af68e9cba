import { expect, test } from 'vitest';
import { createLifecycle } from './lifecycle.ts';
import { createLogger } from './logger.ts';

const logger = createLogger({ service: 'test', level: 'silent' });

test('closes in reverse order, once, and continues after a failure', async () => {
  const lifecycle = createLifecycle(logger);
  const closed: string[] = [];
  lifecycle.onClose('first', () => void closed.push('first'));
  lifecycle.onClose('second', () => Promise.reject(new Error('stuck')));
  lifecycle.onClose('third', async () => void closed.push('third'));
  expect(lifecycle.isOpen()).toBe(true);
  const closing = lifecycle.close();
  expect(lifecycle.isOpen()).toBe(false);
  await Promise.all([closing, lifecycle.close()]);
  expect(closed).toEqual(['third', 'first']);
});
