import { errorBodySchema } from '@steppe/contracts/errors';
import { newStepId } from '@steppe/contracts/ids';
import type { Language, Session } from '@steppe/contracts/session';
import { restartAnswerSchema, type StepResult, stepResultSchema } from '@steppe/contracts/step';
import { expect } from 'vitest';
import type { StepRecord } from '../../../chaos/history.ts';
import { readEvents } from '../../../chaos/read-events.ts';
import { outputOf, writeStep } from '../../../chaos/step-programs.ts';
import type { Client } from '../../harness/client.ts';
import { killRole } from '../rig/instance-processes.ts';
import type { Act } from './acts.ts';

/** A step as its sender knows it. */
interface SentStep {
  id: string;
  code: string;
  isEndless: boolean;
  /** The epoch that the sender knew of when it was sent. */
  toldEpoch: number;
  output: string;
  seqs: number[];
  heard: string;
  /** It was refused as the memory was lost, and is again whenever it is sent again; or for its epoch, and may be sent anew. */
  refusal?: { code: string; epoch: number };
  result?: StepResult;
}

interface ModelRunOptions {
  client: Client;
  session: Session;
  /** As its interpreter was told. */
  name: string;
  language: Language;
}

const form = 'application/x-ndjson';
/** A supervisor that ends three times within seconds ends the session. */
const mostSupervisorKills = 2;

/** Acts on a session, and holds each answer against what the contract says of a session with this past. */
export class ModelRun {
  readonly #options: ModelRunOptions;
  readonly #path: string;
  readonly #steps: SentStep[] = [];
  /** What the answers so far have said. */
  #toldEpoch = 1;
  /** The last epoch that an `epoch_mismatch` has told of, and nothing else since. */
  #mismatched: number | undefined;
  #supervisorKills = 0;

  constructor(options: ModelRunOptions) {
    this.#options = options;
    this.#path = `/v1/sessions/${options.session.session_id}`;
  }

  async act(act: Act): Promise<void> {
    if (act.do === 'step') return this.#send(act);
    if (act.do === 'restart') return this.#restart();
    if (act.do === 'kill') return this.#kill(act.role);
    const step = this.#steps[act.which % Math.max(1, this.#steps.length)];
    if (!step) return;
    if (act.do === 'resubmit') return this.#resubmit(step);
    if (step.refusal) return this.#isUnknown(step);
    if (act.do === 'conflict') return this.#conflict(step);
    if (act.do === 'cancel') return this.#cancel(step);
    if (act.do === 'follow') return this.#follow(step, AbortSignal.timeout(act.ms));
    return this.#settle(step);
  }

  /** Settles every step. @returns what there is to check. */
  async history(): Promise<StepRecord[]> {
    for (const step of this.#steps) if (!step.refusal) await this.#settle(step);
    const { session, name } = this.#options;
    return this.#steps.map(({ id, output, seqs, heard, result, toldEpoch }) => ({
      session: name,
      sessionId: session.session_id,
      stepId: id,
      output,
      seqs,
      heard,
      toldEpoch: Math.max(toldEpoch, this.#toldByResults(result)),
      outcome: result ? { kind: 'ended', result } : { kind: 'refused' },
    }));
  }

  async #send({ shape, namesEpoch }: Extract<Act, { do: 'step' }>): Promise<void> {
    const { language, name } = this.#options;
    const id = newStepId();
    const code = writeStep(language, shape, name, id);
    const said = { output: outputOf(shape, id), seqs: [], heard: '' };
    const step: SentStep = { id, code, isEndless: shape === 'endless', toldEpoch: this.#toldEpoch, ...said };
    this.#steps.push(step);
    const answer = await this.#post(step, namesEpoch ? { epoch: this.#toldEpoch } : {});
    if (answer.status === 202) return this.#check(step, answer);
    const refusal = await this.#refusal(answer);
    expect(refusal.code).toBe(namesEpoch ? 'epoch_mismatch' : 'runtime_restarted');
    // It tells what its sender did not know. Who names no epoch is told by a refusal of its own.
    expect(refusal.epoch).toBeGreaterThan(refusal.epoch === this.#mismatched ? step.toldEpoch - 1 : step.toldEpoch);
    this.#mismatched = namesEpoch ? refusal.epoch : undefined;
    this.#toldEpoch = refusal.epoch;
    step.refusal = refusal;
  }

  async #resubmit(step: SentStep): Promise<void> {
    if (step.refusal?.code === 'epoch_mismatch') return;
    const answer = await this.#post(step, {});
    if (step.refusal) expect(await this.#refusal(answer)).toEqual(step.refusal);
    else await this.#check(step, answer);
  }

  async #conflict(step: SentStep): Promise<void> {
    const answer = await this.#post({ ...step, code: `${step.code}\n` }, {});
    expect((await this.#refusal(answer)).code).toBe('step_conflict');
  }

  async #cancel(step: SentStep): Promise<void> {
    const answer = await this.#call('POST', `/steps/${step.id}/cancel`);
    if (step.result) expect(answer.status).toBe(200);
    await this.#check(step, answer);
  }

  async #settle(step: SentStep): Promise<void> {
    if (step.isEndless) await this.#cancel(step);
    await this.#follow(step);
    const answer = await this.#call('GET', `/steps/${step.id}`);
    await this.#check(step, answer);
    expect(step.result).toBeDefined();
  }

  /** From the event after the last one seen, to the end unless it leaves before. */
  async #follow(step: SentStep, leave?: AbortSignal): Promise<void> {
    const { url, token } = this.#options.client;
    const headers = { authorization: `Bearer ${token}`, accept: form };
    try {
      const events = `${url}${this.#path}/steps/${step.id}/events?after=${step.seqs.at(-1) ?? 0}`;
      const answer = await fetch(events, { headers, ...(leave && { signal: leave }) });
      expect(answer.status).toBe(200);
      for await (const event of readEvents(answer, form)) {
        step.seqs.push(event.seq);
        if (event.type === 'stdout') step.heard += event.text;
      }
    } catch (error) {
      if (!leave?.aborted) throw error;
    }
  }

  async #isUnknown(step: SentStep): Promise<void> {
    expect((await this.#refusal(await this.#call('GET', `/steps/${step.id}`))).code).toBe('step_not_found');
  }

  async #restart(): Promise<void> {
    const answer = await this.#call('POST', '/restart', {});
    if (answer.ok) {
      const { epoch } = restartAnswerSchema.parse(await answer.json());
      expect(epoch).toBeGreaterThan(this.#toldEpoch);
      this.#toldEpoch = epoch;
      return;
    }
    // The memory was lost by itself in that moment.
    const { code, epoch } = await this.#refusal(answer);
    expect(code).toBe('epoch_mismatch');
    this.#toldEpoch = epoch;
  }

  async #kill(role: 'worker' | 'supervisor'): Promise<void> {
    if (role === 'supervisor' && ++this.#supervisorKills > mostSupervisorKills) return;
    killRole(this.#options.session.instance_id ?? '', role);
  }

  /** An answer with the step's result: what has ended stays as it is. */
  async #check(step: SentStep, answer: Response): Promise<void> {
    expect([200, 202]).toContain(answer.status);
    const result = stepResultSchema.parse(await answer.json());
    expect(result).toMatchObject({ step_id: step.id, session_id: this.#options.session.session_id });
    if (step.result) expect(result).toEqual(step.result);
    if (result.completed_at === null) return;
    step.result = result;
    this.#toldEpoch = Math.max(this.#toldEpoch, result.epoch);
  }

  /** The latest epoch that a result told of before this one was sent, whether its sender has read it or not. */
  #toldByResults(sent: StepResult | undefined): number {
    const told = this.#steps.flatMap(({ result }) => {
      const isBefore = result?.completed_at && sent && result.completed_at <= sent.submitted_at;
      return isBefore && result.state_lost ? [result.epoch] : [];
    });
    return Math.max(1, ...told);
  }

  #post = ({ id, code }: Pick<SentStep, 'id' | 'code'>, request: object): Promise<Response> =>
    this.#call('POST', '/steps', { code, step_id: id, wait: false, ...request });

  #call = (method: string, path: string, body?: object): Promise<Response> =>
    this.#options.client.call(method, `${this.#path}${path}`, body);

  async #refusal(answer: Response): Promise<{ code: string; epoch: number }> {
    const { code, details } = errorBodySchema.parse(await answer.json()).error;
    return { code, epoch: Number(details.epoch) };
  }
}
