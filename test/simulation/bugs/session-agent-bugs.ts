import type { PlantedBug } from './planted-bug.ts';

const queue = 'session-agent/steps/step-queue.ts';
const runStep = 'session-agent/steps/run-step.ts';
const worker = 'session-agent/interpreter/worker.ts';
const lifecycle = 'session-agent/interpreter/worker-lifecycle.ts';
const subscribers = 'session-agent/steps/subscribers.ts';

export const sessionAgentBugs: readonly PlantedBug[] = [
  {
    name: 'step-runs-again',
    breaks: 'step-runs-once',
    why: 'A step that is sent again runs again.',
    patches: [{ file: queue, from: '    if (known) return known;\n', to: '' }],
  },
  {
    name: 'ended-step-runs-again',
    breaks: 'step-runs-once',
    why: 'A step that is sent again after its end runs again.',
    patches: [
      {
        file: 'session-agent/steps/step-journal.ts',
        from: "if (known === undefined || 'status' in known) return known;",
        to: "if (known === undefined || 'status' in known) return known?.hasEnded ? undefined : known;",
      },
    ],
  },
  {
    name: 'waiting-runs-after-loss',
    breaks: 'epoch-kept',
    why: 'Steps that waited while the memory was lost run in the next one.',
    patches: [
      {
        file: queue,
        from: 'this.#waiting.filter(({ basisEpoch }) => basisEpoch !== epoch);',
        to: 'this.#waiting.filter(() => false);',
      },
    ],
  },
  {
    name: 'loss-not-reported',
    breaks: 'loss-reported',
    why: 'The first step after a loss of memory runs instead of being refused.',
    patches: [
      {
        file: queue,
        from: '    this.#reportedEpoch = epoch;\n    if (request.epoch === epoch) return;\n',
        to: '    this.#reportedEpoch = epoch;\n    if (epoch > 0) return;\n',
      },
    ],
  },
  {
    name: 'refusal-not-kept',
    breaks: 'loss-reported',
    why: 'A step that was refused runs when its sender, whose response was lost, sends it again.',
    patches: [
      {
        file: queue,
        from: '    journal.keepRefusal(request.step_id, { requestHash, refusal });\n',
        to: '',
      },
    ],
  },
  {
    name: 'epoch-not-raised',
    breaks: 'loss-reported',
    why: 'A loss of memory keeps the epoch.',
    patches: [{ file: lifecycle, from: '      this.epoch += 1;\n', to: '' }],
  },
  {
    name: 'named-epoch-ignored',
    breaks: 'epoch-kept',
    why: 'A step runs in another epoch than the one that it names.',
    patches: [
      {
        file: queue,
        from: '    if (request.epoch !== undefined && request.epoch !== epoch) throw epochMismatch(epoch);\n',
        to: '',
      },
      {
        file: queue,
        from: 'const epoch = request.epoch ?? this.#reportedEpoch;',
        to: 'const epoch = this.#reportedEpoch;',
      },
    ],
  },
  {
    name: 'restart-unguarded',
    breaks: 'epoch-kept',
    why: 'A restart that is sent again restarts the interpreter again.',
    patches: [
      {
        file: queue,
        from: '    if (epoch !== undefined && epoch !== interpreter.epoch) throw epochMismatch(interpreter.epoch);\n',
        to: '',
      },
    ],
  },
  {
    name: 'restart-not-awaited',
    breaks: 'epoch-kept',
    why: 'A restart responds with the epoch that it ends.',
    patches: [
      {
        file: queue,
        from: '    await interpreter.restart();\n',
        to: '    void interpreter.restart();\n',
      },
    ],
  },
  {
    name: 'refused-step-never-ends',
    breaks: 'result-is-what-ran',
    why: 'A step that waits behind a loss of memory leaves the queue, and its sender waits for ever.',
    patches: [
      {
        file: queue,
        from: '      this.#waiting.splice(this.#waiting.indexOf(step), 1);\n      step.end({',
        to: '      this.#waiting.splice(this.#waiting.indexOf(step), 1);\n      void ({',
      },
    ],
  },
  {
    name: 'cancel-stops-running',
    breaks: 'stop-requested',
    why: 'A cancel of any step stops the one that runs.',
    patches: [
      {
        file: queue,
        from: "if (step === this.#running) stopStep(step, 'cancel', this.#options);",
        to: "if (this.#running) stopStep(this.#running, 'cancel', this.#options);",
      },
    ],
  },
  {
    name: 'cancelled-step-runs',
    breaks: 'process-sound',
    why: 'A step that was cancelled while it waited has its turn after all.',
    patches: [
      {
        file: queue,
        from: '    this.#waiting.splice(at, 1);\n    const { epoch } = this.#options.interpreter;\n',
        to: '    const { epoch } = this.#options.interpreter;\n',
      },
    ],
  },
  {
    name: 'reconnect-not-awaited',
    breaks: 'stop-requested',
    why: 'A step is cancelled while the data-plane reconnects for its client.',
    patches: [
      {
        file: subscribers,
        from: 'export const reconnectGraceMs = 7_000;',
        to: 'export const reconnectGraceMs = 1;',
      },
      {
        file: subscribers,
        from: "if (this.#present > 0 || this.#lastWish !== 'cancel') return;",
        to: 'if (this.#present > 0) return;',
      },
    ],
  },
  {
    name: 'any-worker-accepted',
    breaks: 'result-is-what-ran',
    why: 'A worker that outlived its supervisor takes the place of the one that was spawned.',
    patches: [
      {
        file: lifecycle,
        from: 'if (!worker || pid !== hello.pid || !isStarting) return link.close();',
        to: 'if (!worker || !pid || !isStarting) return link.close();',
      },
    ],
  },
  {
    name: 'markers-not-awaited',
    breaks: 'result-is-what-ran',
    why: 'A step ends before its output has arrived on the raw streams.',
    patches: [
      {
        file: worker,
        from: '    await settledWithin(markers, markerLimitMs, this.#options.clock);\n',
        to: '',
      },
    ],
  },
  {
    name: 'background-in-step',
    breaks: 'result-is-what-ran',
    why: 'What an earlier step left running prints into the step after it.',
    patches: [
      {
        file: worker,
        from: "if (place === 'step' && this.#running) this.#running.output.write(stream, bytes);",
        to: 'if (this.#running) this.#running.output.write(stream, bytes);',
      },
    ],
  },
  {
    name: 'late-marker-printed',
    breaks: 'result-is-what-ran',
    why: 'A stream whose end marker is late is still taken for the output of a step.',
    patches: [
      {
        file: 'session-agent/protocol/marker-scanner.ts',
        from: "  arm(nonce: string): void {\n    this.#place = 'background';\n",
        to: '  arm(nonce: string): void {\n',
      },
    ],
  },
  {
    name: 'last-output-dropped',
    breaks: 'result-is-what-ran',
    why: 'Output that waits for more of it is lost when its step ends.',
    patches: [
      {
        file: 'session-agent/steps/piece-stream.ts',
        from: '    if (all.length > 0) this.#emit(all);\n',
        to: '',
      },
    ],
  },
  {
    name: 'spool-loss-hidden',
    breaks: 'events-complete',
    why: 'Events that the spool could not keep are left out without a word.',
    patches: [
      {
        file: 'session-agent/steps/event-reader.ts',
        from: '        taken.push(...loss.filter(({ seq }) => seq >= this.#nextSeq));\n',
        to: '        loss.length = 0;\n',
      },
    ],
  },
  {
    name: 'late-reader-skips',
    breaks: 'events-complete',
    why: 'A reader that resumes a step misses the first event.',
    patches: [
      {
        file: 'session-agent/steps/event-reader.ts',
        from: '    this.#nextSeq = after + 1;\n',
        to: '    this.#nextSeq = after === 0 ? 1 : after + 2;\n',
      },
    ],
  },
  {
    name: 'condition-ignored',
    breaks: 'file-register',
    why: 'An upload replaces a file that is no longer the version that it names.',
    patches: [
      {
        file: 'session-agent/http/files/file-request.ts',
        from: 'if (Object.values(conditions).every((value) => value === undefined)) return undefined;',
        to: 'if (conditions) return undefined;',
      },
    ],
  },
  {
    name: 'time-limit-early',
    breaks: 'stop-requested',
    why: 'The time limit of a step is counted in other units than its sender means.',
    patches: [
      {
        file: runStep,
        from: "clock.after(step.timeoutMs, () => stopStep(step, 'timeout', options));",
        to: "clock.after(step.timeoutMs / 1000, () => stopStep(step, 'timeout', options));",
      },
    ],
  },
];
