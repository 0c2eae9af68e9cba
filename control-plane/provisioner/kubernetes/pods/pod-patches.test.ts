import { newSessionId } from '@steppe/contracts/testing/new-ids';
import { newTenantId } from '@steppe/session-store/conformance/session-records';
import { expect, it } from 'vitest';
import { annotation, label } from './pod-labels.ts';
import { claimPatch, readyPatch } from './pod-patches.ts';
import { createdAt, makePod } from './testing/make-pod.ts';

const owner = { tenantId: newTenantId(), sessionId: newSessionId() };
const ageMs = 90_000;
const life = { nowMs: Date.parse(createdAt) + ageMs, longestLifeMs: 3_600_000 };
const address = 'http://10.96.0.7:8070';

it('gives a warm pod to a session, and a deadline that counts from the start of the pod', () => {
  const { metadata, spec } = claimPatch(makePod(), owner, life);
  expect(metadata?.labels).toMatchObject({
    [label.state]: 'claimed',
    [label.session]: owner.sessionId,
  });
  expect(metadata?.annotations).toMatchObject({ 'karpenter.sh/do-not-disrupt': 'true' });
  // Ten minutes more, so that a session is ended by its agent and not by its deadline.
  expect(spec?.activeDeadlineSeconds).toBe(90 + 3_600 + 600);
});

it('makes a started pod warm, without a deadline: it can be set only once', () => {
  expect(readyPatch(makePod(), null, address, life)).toEqual({
    metadata: {
      labels: { [label.state]: 'warm' },
      annotations: { [annotation.address]: address },
    },
  });
});

it('makes a pod that was started for a session claimed at once', () => {
  const { metadata, spec } = readyPatch(makePod(), owner, address, life);
  expect(metadata).toMatchObject({
    labels: { [label.state]: 'claimed', [label.session]: owner.sessionId },
    annotations: { [annotation.address]: address },
  });
  expect(spec?.activeDeadlineSeconds).toBeGreaterThan(3_600);
});
