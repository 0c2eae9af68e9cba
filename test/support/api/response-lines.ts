/**
 * The lines of a response as they come: whole ones alone, so that what a cut has left of one is not
 * given.
 * @throws where it breaks.
 */
export async function* responseLines(response: Response): AsyncGenerator<string> {
  if (!response.body) return;
  let rest = '';
  for await (const text of response.body.pipeThrough(new TextDecoderStream())) {
    const parts = (rest + text).split('\n');
    rest = parts.pop() ?? '';
    yield* parts;
  }
}
