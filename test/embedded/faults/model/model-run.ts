import { errorBodySchema } from '@steppe/contracts/errors';
import type { Language, Session } from '@steppe/contracts/session';
import { restartResponseSchema, type StepResult, stepResultSchema } from '@steppe/contracts/step';
import { newStepId } from '@steppe/contracts/testing/new-ids';
import { expect } from 'vitest';
import { readEvents } from '../../../chaos/drive/read-events.ts';
import { outputOf, writeStep } from '../../../chaos/drive/step-programs.ts';
import type { StepRecord } from '../../../chaos/history/history.ts';
import type { Client } from '../../../support/api/client.ts';
import { killRole } from '../rig/instance-processes.ts';
import type { Action } from './actions.ts';

/** A step as seen by its sender. */
interface SentStep {
  id: string;
  code: string;
  isEndless: boolean;
  /** The epoch that the sender knew when it sent the step. */
  reportedEpoch: number;
  output: string;
  seqs: number[];
  received: string;
  /**
   * After a refusal because of lost memory, each resubmission gets the same refusal. After a
   * refusal because of the epoch, the step may be sent anew.
   */
  refusal?: { code: string; epoch: number };
  result?: StepResult;
}

interface ModelRunOptions {
  client: Client;
  session: Session;
  /** The session's name, which the code of its steps gets. */
  name: string;
  language: Language;
}

const form = 'application/x-ndjson';
/** A supervisor that exits three times within seconds ends the session. */
const mostSupervisorKills = 2;

/**
 * Acts on a session and checks each response against what the contract says about a session with
 * this history.
 */
export class ModelRun {
  readonly #options: ModelRunOptions;
  readonly #path: string;
  readonly #steps: SentStep[] = [];
  /** The epoch in the responses so far. */
  #reportedEpoch = 1;
  /** The epoch of an `epoch_mismatch`, if it was the latest response about the epoch. */
  #mismatched: number | undefined;
  #supervisorKills = 0;

  constructor(options: ModelRunOptions) {
    this.#options = options;
    this.#path = `/v1/sessions/${options.session.session_id}`;
  }

  async action(action: Action): Promise<void> {
    if (action.do === 'step') return this.#send(action);
    if (action.do === 'restart') return this.#restart();
    if (action.do === 'kill') return this.#kill(action.role);
    const step = this.#steps[action.which % Math.max(1, this.#steps.length)];
    if (!step) return;
    if (action.do === 'resubmit') return this.#resubmit(step);
    if (step.refusal) return this.#isUnknown(step);
    if (action.do === 'conflict') return this.#conflict(step);
    if (action.do === 'cancel') return this.#cancel(step);
    if (action.do === 'follow') return this.#follow(step, AbortSignal.timeout(action.ms));
    return this.#settle(step);
  }

  /**
   * Settles every step.
   * @returns the records to check.
   */
  async history(): Promise<StepRecord[]> {
    for (const step of this.#steps) if (!step.refusal) await this.#settle(step);
    const { session, name } = this.#options;
    return this.#steps.map(({ id, output, seqs, received, result, reportedEpoch }) => ({
      session: name,
      sessionId: session.session_id,
      stepId: id,
      output,
      seqs,
      received,
      reportedEpoch: Math.max(reportedEpoch, this.#epochInResults(result)),
      outcome: result ? { kind: 'ended', result } : { kind: 'refused' },
    }));
  }

  async #send({ shape, namesEpoch }: Extract<Action, { do: 'step' }>): Promise<void> {
    const { language, name } = this.#options;
    const id = newStepId();
    const code = writeStep(language, shape, name, id);
    const said = { output: outputOf(shape, id), seqs: [], received: '' };
    const step: SentStep = {
      id,
      code,
      isEndless: shape === 'endless',
      reportedEpoch: this.#reportedEpoch,
      ...said,
    };
    this.#steps.push(step);
    const response = await this.#post(step, namesEpoch ? { epoch: this.#reportedEpoch } : {});
    if (response.status === 202) return this.#check(step, response);
    const refusal = await this.#refusal(response);
    expect(refusal.code).toBe(namesEpoch ? 'epoch_mismatch' : 'runtime_restarted');
    // The refusal reports a loss that its sender did not know of. After an `epoch_mismatch`, a step
    // without an epoch is still refused once for the same loss.
    expect(refusal.epoch).toBeGreaterThan(
      refusal.epoch === this.#mismatched ? step.reportedEpoch - 1 : step.reportedEpoch,
    );
    this.#mismatched = namesEpoch ? refusal.epoch : undefined;
    this.#reportedEpoch = refusal.epoch;
    step.refusal = refusal;
  }

  async #resubmit(step: SentStep): Promise<void> {
    if (step.refusal?.code === 'epoch_mismatch') return;
    const response = await this.#post(step, {});
    if (step.refusal) expect(await this.#refusal(response)).toEqual(step.refusal);
    else await this.#check(step, response);
  }

  async #conflict(step: SentStep): Promise<void> {
    const response = await this.#post({ ...step, code: `${step.code}\n` }, {});
    expect((await this.#refusal(response)).code).toBe('step_conflict');
  }

  async #cancel(step: SentStep): Promise<void> {
    const response = await this.#call('POST', `/steps/${step.id}/cancel`);
    if (step.result) expect(response.status).toBe(200);
    await this.#check(step, response);
  }

  async #settle(step: SentStep): Promise<void> {
    if (step.isEndless) await this.#cancel(step);
    await this.#follow(step);
    const response = await this.#call('GET', `/steps/${step.id}`);
    await this.#check(step, response);
    expect(step.result).toBeDefined();
  }

  /** Reads from the event after the last one seen until the end, or until `leave` aborts. */
  async #follow(step: SentStep, leave?: AbortSignal): Promise<void> {
    const { url, token } = this.#options.client;
    const headers = { authorization: `Bearer ${token}`, accept: form };
    try {
      const events = `${url}${this.#path}/steps/${step.id}/events?after=${step.seqs.at(-1) ?? 0}`;
      const response = await fetch(events, { headers, ...(leave && { signal: leave }) });
      expect(response.status).toBe(200);
      for await (const event of readEvents(response, form)) {
        step.seqs.push(event.seq);
        if (event.type === 'stdout') step.received += event.text;
      }
    } catch (error) {
      if (!leave?.aborted) throw error;
    }
  }

  async #isUnknown(step: SentStep): Promise<void> {
    expect((await this.#refusal(await this.#call('GET', `/steps/${step.id}`))).code).toBe(
      'step_not_found',
    );
  }

  async #restart(): Promise<void> {
    const response = await this.#call('POST', '/restart', {});
    if (response.ok) {
      const { epoch } = restartResponseSchema.parse(await response.json());
      expect(epoch).toBeGreaterThan(this.#reportedEpoch);
      this.#reportedEpoch = epoch;
      return;
    }
    // The memory was lost at the same moment for another reason.
    const { code, epoch } = await this.#refusal(response);
    expect(code).toBe('epoch_mismatch');
    this.#reportedEpoch = epoch;
  }

  async #kill(role: 'worker' | 'supervisor'): Promise<void> {
    if (role === 'supervisor' && ++this.#supervisorKills > mostSupervisorKills) return;
    killRole(this.#options.session.instance_id ?? '', role);
  }

  /**
   * Checks a response that holds the step's result: the result of a step that has ended never
   * changes.
   */
  async #check(step: SentStep, response: Response): Promise<void> {
    expect([200, 202]).toContain(response.status);
    const result = stepResultSchema.parse(await response.json());
    expect(result).toMatchObject({
      step_id: step.id,
      session_id: this.#options.session.session_id,
    });
    if (step.result) expect(result).toEqual(step.result);
    if (result.completed_at === null) return;
    step.result = result;
    this.#reportedEpoch = Math.max(this.#reportedEpoch, result.epoch);
  }

  /**
   * The latest epoch in a result with lost memory that was complete before this step was sent, even
   * if its sender has not read it.
   */
  #epochInResults(sent: StepResult | undefined): number {
    const epochs = this.#steps.flatMap(({ result }) => {
      const isBefore = result?.completed_at && sent && result.completed_at <= sent.submitted_at;
      return isBefore && result.state_lost ? [result.epoch] : [];
    });
    return Math.max(1, ...epochs);
  }

  #post = ({ id, code }: Pick<SentStep, 'id' | 'code'>, request: object): Promise<Response> =>
    this.#call('POST', '/steps', { code, step_id: id, wait: false, ...request });

  #call = (method: string, path: string, body?: object): Promise<Response> =>
    this.#options.client.call(method, `${this.#path}${path}`, body);

  async #refusal(response: Response): Promise<{ code: string; epoch: number }> {
    const { code, details } = errorBodySchema.parse(await response.json()).error;
    return { code, epoch: Number(details.epoch) };
  }
}
