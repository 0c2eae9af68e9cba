/** What responses of `fetch` and of other clients have in common. */
export interface ResponseBody {
  readonly body: AsyncIterable<Uint8Array> | null;
}

/**
 * Yields the complete lines of a response as they arrive; drops a line that a cut truncated.
 * @throws if the response breaks.
 */
export async function* responseLines({ body }: ResponseBody): AsyncGenerator<string> {
  if (!body) return;
  const decoder = new TextDecoder();
  let rest = '';
  for await (const bytes of body) {
    const parts = (rest + decoder.decode(bytes, { stream: true })).split('\n');
    rest = parts.pop() ?? '';
    yield* parts;
  }
}
