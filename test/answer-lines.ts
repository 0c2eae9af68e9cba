/** The lines of an answer as they come: whole ones alone, so that what a cut has left of one is not given. @throws where it breaks. */
export async function* answerLines(answer: Response): AsyncGenerator<string> {
  if (!answer.body) return;
  let rest = '';
  for await (const text of answer.body.pipeThrough(new TextDecoderStream())) {
    const parts = (rest + text).split('\n');
    rest = parts.pop() ?? '';
    yield* parts;
  }
}
