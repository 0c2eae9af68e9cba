export type AnswerForm = 'json' | 'sse' | 'ndjson';

const forms = new Map<string, AnswerForm>([
  ['text/event-stream', 'sse'],
  ['application/x-ndjson', 'ndjson'],
  ['application/json', 'json'],
]);

/** The form that `Accept` asks for: the first one named that we have; JSON for anything else. */
export function answerForm(accept: string | undefined): AnswerForm {
  for (const range of (accept ?? '').split(',')) {
    const form = forms.get(range.split(';', 1)[0]?.trim().toLowerCase() ?? '');
    if (form) return form;
  }
  return 'json';
}
