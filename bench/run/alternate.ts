/**
 * Measures each target once a round. The order turns around every round, so that a machine that
 * becomes slower or faster in the meantime favours none.
 * @returns the results of each target, in the order of the rounds.
 */
export async function alternate<Results extends Record<string, unknown>>(
  rounds: number,
  targets: { readonly [Name in keyof Results]: () => Promise<Results[Name]> },
): Promise<{ [Name in keyof Results]: Results[Name][] }> {
  const names = namesOf(targets);
  const results = emptyLists<Results>(names);
  for (let round = 0; round < rounds; round++) {
    for (const name of round % 2 === 0 ? names : names.toReversed())
      results[name].push(await targets[name]());
  }
  return results;
}

/** The keys of a record that was written with exactly these names. */
const namesOf = <Targets extends object>(targets: Targets): (keyof Targets)[] =>
  Object.keys(targets) as (keyof Targets)[];

/** An empty list for each of the names, which are all that there are. */
const emptyLists = <Results>(names: readonly (keyof Results)[]) =>
  Object.fromEntries(names.map((name) => [name, []])) as unknown as {
    [Name in keyof Results]: Results[Name][];
  };
