import type { ListedPage } from '../workspace/workspace.ts';

/** The paths of each page of a list, from the first page to the last. */
export async function readPages(
  list: (after: readonly string[] | undefined) => Promise<ListedPage>,
): Promise<string[][]> {
  const pages: string[][] = [];
  for (let after: string[] | undefined, isMore = true; isMore; ) {
    const { entries, more } = await list(after);
    pages.push(entries.map(({ path }) => path));
    after = entries.at(-1)?.path.split('/');
    isMore = more;
  }
  return pages;
}
