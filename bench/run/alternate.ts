/**
 * Measures each target once a round. The order turns around every round, so that a machine that
 * becomes slower or faster in the meantime favours none.
 * @returns the results of each target, in the order of the rounds.
 */
export async function alternate<Name extends string, T>(
  rounds: number,
  targets: Readonly<Record<Name, () => Promise<T>>>,
): Promise<Record<Name, T[]>> {
  const names = namesOf(targets);
  const results = Object.fromEntries(names.map((name): [Name, T[]] => [name, []])) as Record<
    Name,
    T[]
  >;
  for (let round = 0; round < rounds; round++) {
    for (const name of round % 2 === 0 ? names : names.toReversed())
      results[name].push(await targets[name]());
  }
  return results;
}

/** The keys of a record that was written with exactly these names. */
const namesOf = <Name extends string>(record: Readonly<Record<Name, unknown>>): Name[] =>
  Object.keys(record) as Name[];
