import { systemClock } from '@steppe/service-kit/process/clock';
import { createLogger } from '@steppe/service-kit/process/logger';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { SupervisorLink } from '../protocol/agent-socket.ts';
import type { SupervisorCommand } from '../protocol/frames.ts';
import { CurrentSupervisor } from './current-supervisor.ts';

const longAfterMs = 60_000;
const exitOf = (epoch: number) => ({
  type: 'exit' as const,
  epoch,
  code: 0,
  signal: null,
  reason: null,
  detail: '',
});

let supervisor: CurrentSupervisor;
let notifications: string[];

beforeEach(() => {
  vi.useFakeTimers();
  notifications = [];
  supervisor = new CurrentSupervisor({
    clock: systemClock,
    logger: createLogger({ service: 'test', level: 'silent' }),
    absenceLimitMs: 1_000,
    onConnect: () => notifications.push('connected'),
    onFrame: ({ type }) => notifications.push(type),
    onDisconnect: () => notifications.push('disconnected'),
    onAbsent: () => notifications.push('absent'),
    onUnresponsive: () => notifications.push('unresponsive'),
  });
});
afterEach(() => {
  vi.useRealTimers();
});

/** A connected supervisor, and the commands that it receives. */
function come(): { link: SupervisorLink; received: (SupervisorCommand | 'close')[] } {
  const received: (SupervisorCommand | 'close')[] = [];
  const link: SupervisorLink = {
    onFrame: () => {},
    onClose: () => {},
    send: (command) => received.push(command),
    close: () => received.push('close'),
  };
  supervisor.take(link, { type: 'supervisor', language: 'python', version: '3', pid: 10 });
  return { link, received };
}

it('reports a supervisor that does not kill its worker in time as unresponsive, once', () => {
  const { link, received } = come();
  supervisor.kill(1);
  supervisor.kill(1);
  link.onFrame(exitOf(2));
  vi.advanceTimersByTime(longAfterMs);
  expect(notifications).toEqual(['connected', 'exit', 'unresponsive']);
  const kill = { type: 'kill', epoch: 1 };
  expect(received).toEqual([kill, kill, 'close']);
});

it('cancels a pending kill on the exit of the worker, a disconnect, or a replacement', () => {
  const first = come();
  supervisor.kill(1);
  first.link.onFrame(exitOf(1));
  vi.advanceTimersByTime(longAfterMs);
  supervisor.kill(2);
  const second = come();
  vi.advanceTimersByTime(longAfterMs);
  supervisor.kill(3);
  second.link.onClose(undefined);
  vi.advanceTimersByTime(longAfterMs);
  expect(notifications).toEqual(['connected', 'exit', 'connected', 'disconnected']);
});

it('closes a replaced supervisor and does not report its disconnect', () => {
  const first = come();
  const second = come();
  first.link.onClose(undefined);
  expect([first.received, supervisor.isConnected, notifications]).toEqual([
    ['close'],
    true,
    ['connected', 'connected'],
  ]);
  supervisor.send({ type: 'kill', epoch: 1 });
  expect(second.received).toHaveLength(1);
});

it('reports that no supervisor connected in time, unless one did or it is closed', () => {
  supervisor.awaitNext();
  supervisor.awaitNext();
  vi.advanceTimersByTime(longAfterMs);
  expect(notifications).toEqual(['absent']);
  supervisor.awaitNext();
  come();
  vi.advanceTimersByTime(longAfterMs);
  supervisor.awaitNext();
  supervisor.close();
  vi.advanceTimersByTime(longAfterMs);
  expect(notifications).toEqual(['absent', 'connected']);
});
