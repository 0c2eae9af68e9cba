import type { PlantedBug } from './planted-bug.ts';

const attempt = 'control-plane/sessions/create/create-attempt.ts';
const rollback = 'control-plane/sessions/create/rollback-create.ts';
const join = 'control-plane/sessions/create/join-create.ts';
const remove = 'control-plane/sessions/delete.ts';
const find = 'control-plane/sessions/find-session.ts';
const record = 'control-plane/sessions/termination/record.ts';
const apply = 'control-plane/reconciler/apply-action.ts';
const plan = 'control-plane/reconciler/plan-session-actions.ts';

export const controlPlaneBugs: readonly PlantedBug[] = [
  {
    name: 'create-ignores-lost-race',
    breaks: 'row-valid',
    why: 'A create that was deleted meanwhile goes on, and its session becomes ready again.',
    patches: [
      {
        file: attempt,
        from: "if (update.outcome === 'updated') return update.record;",
        to: "if (update.outcome === 'updated') return update.record;\n  if (update.outcome === 'lost') return update.current;",
      },
    ],
  },
  {
    name: 'instance-not-named',
    breaks: 'row-valid',
    why: 'An instance is bound before the row names it, so that nobody else can find it.',
    patches: [
      {
        file: attempt,
        from: '    try {\n      await this.#nameInstance(instance);\n      await agents.bind',
        to: '    try {\n      await agents.bind',
      },
    ],
  },
  {
    name: 'place-reserved-after-row',
    breaks: 'quota-exact',
    why: 'The row is written before the session has its place in the quota.',
    patches: [
      {
        file: attempt,
        from: 'await this.#reserveQuota();\n      await this.#createRow();',
        to: 'await this.#createRow();\n      await this.#reserveQuota();',
      },
    ],
  },
  {
    name: 'late-row-without-place',
    breaks: 'quota-exact',
    why: 'A create is rolled back while its row may still be written, and the row then is nobody’s.',
    patches: [
      {
        file: rollback,
        from: "attempt.row === 'in_doubt' ? { unwritten: record } : {}",
        to: '{}',
      },
    ],
  },
  {
    name: 'failed-create-still-counted',
    breaks: 'late-quota-release',
    why: 'A create that fails keeps its place in the quota.',
    patches: [
      {
        file: rollback,
        from: "compensate(services, attempt, 'quota', () => store.removeLive(record.tenant_id, sessionId))",
        to: 'null',
      },
    ],
  },
  {
    name: 'deleted-session-still-counted',
    breaks: 'late-quota-release',
    why: 'A session that is deleted keeps its place in the quota.',
    patches: [
      {
        file: remove,
        from: "remove('quota', () => retry(releaseQuota, { clock, delaysMs: quotaDelaysMs })),",
        to: '',
      },
    ],
  },
  {
    name: 'failed-create-keeps-key',
    breaks: 'late-key-release',
    why: 'A create that fails keeps its key.',
    patches: [
      {
        file: rollback,
        from: "written &&\n      compensate(services, attempt, 'quota', () => store.removeLive(record.tenant_id, sessionId)),\n    compensate(services, attempt, 'idempotency key', attempt.releaseKey),",
        to: "written &&\n      compensate(services, attempt, 'quota', () => store.removeLive(record.tenant_id, sessionId)),",
      },
    ],
  },
  {
    name: 'refused-create-keeps-key',
    breaks: 'late-key-release',
    why: 'The key of a create that was refused stands for a session that nobody makes.',
    patches: [
      {
        file: rollback,
        from: "  if (isRefused(error)) {\n    await compensate(services, attempt, 'idempotency key', attempt.releaseKey);",
        to: '  if (isRefused(error)) {',
      },
    ],
  },
  {
    name: 'dead-create-keeps-key',
    breaks: 'late-key-release',
    why: 'The key of a create whose process died stands for its failed session for ever.',
    patches: [
      {
        file: join,
        from: 'const releaseKey = () => store.deleteIdempotency(tenantId, key, sessionId);',
        to: 'const releaseKey = async () => {};',
      },
    ],
  },
  {
    name: 'key-with-two-sessions',
    breaks: 'key-one-session',
    why: 'A request whose key stands for a session already creates another one.',
    patches: [
      {
        file: 'control-plane/sessions/create/claim-idempotency-key.ts',
        from: 'if (put.item.body_hash === bodyHash) return put.item.session_id;',
        to: 'if (put.item.body_hash === bodyHash) return sessionId;',
      },
    ],
  },
  {
    name: 'termination-written-twice',
    breaks: 'row-valid',
    why: 'The end of a session that has ended is recorded once more.',
    patches: [
      {
        file: record,
        from: 'while (current !== null && !isTerminal(current)) {',
        to: 'while (current !== null) {',
      },
    ],
  },
  {
    name: 'end-of-another-instance',
    breaks: 'end-reason-true',
    why: 'The end of a warm instance that a create gave up is recorded as the end of its session.',
    patches: [
      {
        file: record,
        from: 'if (instanceId && current.instance_id && current.instance_id !== instanceId)',
        to: 'if (!current)',
      },
    ],
  },
  {
    name: 'delete-not-awaited',
    breaks: 'end-known',
    why: 'A delete responds while its instance still accepts steps.',
    patches: [
      {
        file: remove,
        from: 'clock.sleep(limits.endMs, waited.signal)',
        to: 'clock.sleep(limits.endMs / 1e6, waited.signal)',
      },
    ],
  },
  {
    name: 'session-read-from-the-past',
    breaks: 'end-known',
    why: 'A control-plane describes a session as it was before its end was acknowledged.',
    patches: [
      {
        file: find,
        from: 'store.get(sessionId.data, { consistent: true })',
        to: 'store.get(sessionId.data, { consistent: false })',
      },
    ],
  },
  {
    name: 'session-of-another-tenant',
    breaks: 'tenant-isolated',
    why: 'A control-plane gives a session to any tenant that knows its id.',
    patches: [{ file: find, from: 'record.tenant_id === tenantId && ', to: '' }],
  },
  {
    name: 'reconciler-frees-young-places',
    breaks: 'quota-exact',
    why: 'A reconciler takes the place in the quota of a session that is about to get its row.',
    patches: [
      {
        file: plan,
        from: 'isYoung(minted, nowMs, rules.provisioningMs + rules.graceMs)',
        to: 'false',
      },
    ],
  },
  {
    name: 'strays-live-on',
    breaks: 'late-pod-end',
    why: 'A reconciler leaves the instances of ended sessions alone.',
    patches: [
      {
        file: plan,
        from: 'isYoung(terminalSince, nowMs, rules.graceMs) ? [] : view.instances',
        to: '[]',
      },
    ],
  },
  {
    name: 'stuck-creates-stay',
    breaks: 'late-provisioning',
    why: 'A reconciler does not end a session whose create died.',
    patches: [
      {
        file: plan,
        from: 'isYoung(Date.parse(row.created_at), nowMs, rules.provisioningMs + rules.graceMs)',
        to: "row.state === 'provisioning'",
      },
    ],
  },
  {
    name: 'young-creates-ended',
    breaks: 'end-reason-true',
    why: 'A reconciler ends sessions as too late that still have time to become ready.',
    patches: [
      {
        file: plan,
        from: 'isYoung(Date.parse(row.created_at), nowMs, rules.provisioningMs + rules.graceMs)',
        to: 'false',
      },
    ],
  },
  {
    name: 'stuck-create-deferred',
    breaks: 'late-provisioning',
    why: 'A reconciler waits for ever for the reason of a create that died.',
    patches: [
      {
        file: apply,
        from: "  if (reason === 'never_ready')\n    return {\n",
        to: "  if (reason === 'never_ready') return null;\n  if (!reason)\n    return {\n",
      },
    ],
  },
  {
    name: 'leaked-places-stay',
    breaks: 'nothing-left',
    why: 'A place in the quota that could not be released at the end of its session is never released.',
    patches: [
      {
        file: apply,
        from: '      await store.removeLive(action.tenantId, action.sessionId);\n',
        to: '',
      },
    ],
  },
];
