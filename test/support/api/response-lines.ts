/**
 * Yields the complete lines of a response as they arrive; drops a line that a cut truncated.
 * @throws if the response breaks.
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
