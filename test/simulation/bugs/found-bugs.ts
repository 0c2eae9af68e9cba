import type { PlantedBug } from './planted-bug.ts';

const kubernetes = 'control-plane/provisioner/kubernetes';

/** Bugs of the product that simulations found, as they were before their fix. */
export const foundBugs: readonly PlantedBug[] = [
  {
    name: 'output-during-wait-dropped',
    breaks: 'events-complete',
    why: 'Output that is written while a reader of events waits is reported to it as dropped.',
    patches: [
      {
        file: 'session-agent/steps/event-reader.ts',
        from: '      if (!record && this.#hasUnreadBefore(item.seq)) continue;\n',
        to: '',
      },
    ],
  },
  {
    name: 'end-awaits-record',
    breaks: 'late-response',
    why: 'A failed create responds only after the end of its instance is recorded, minutes later.',
    patches: [
      {
        file: `${kubernetes}/deliver-ends.ts`,
        from: 'runDetached(() => delivery.deliver(end));',
        to: 'Object.assign(ends.get(instanceId) ?? {}, { delivered: delivery.deliver(end) });',
      },
      {
        file: `${kubernetes}/deliver-ends.ts`,
        from: '    watch: delivery.watch,\n',
        to: '    watch: delivery.watch,\n    delivered: async (id) => ends.get(id)?.delivered,\n',
      },
      {
        file: `${kubernetes}/kubernetes-provisioner.ts`,
        from: 'if (!pod || readEnd(pod) === null) await deletePod(parts, name);\n',
        to: 'if (!pod || readEnd(pod) === null) await deletePod(parts, name);\n    await ends.delivered(instanceId);\n',
      },
    ],
  },
  {
    name: 'rollback-read-as-delete',
    breaks: 'end-reason-true',
    why: 'A create that rolls back while the table is away is recorded as deleted by its client.',
    patches: [
      {
        file: 'control-plane/reconciler/apply-action.ts',
        from: "reason === 'never_ready' && end && end.reason === 'deleted'",
        to: "reason === 'never_ready' && end && end.reason === undefined",
      },
    ],
  },
  {
    name: 'rollback-ends-ready',
    breaks: 'end-reason-true',
    why: 'A create ends the instance of a row that may be ready, and the row is recorded as deleted.',
    patches: [
      {
        file: 'control-plane/sessions/create/rollback-create.ts',
        from: "  if (!written && attempt.row === 'ready_in_doubt') return null;\n",
        to: '',
      },
    ],
  },
  {
    name: 'forbidden-start-is-final',
    breaks: 'response-explained',
    why: 'A create that an API server refuses before it has loaded its roles is not retryable.',
    patches: [
      {
        file: `${kubernetes}/start-instance.ts`,
        from: "const retryable = error.kind === 'forbidden';",
        to: 'const retryable = false;',
      },
    ],
  },
];
