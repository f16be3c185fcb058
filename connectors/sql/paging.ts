/** Reading a table from end to end without keeping a transaction open. */

/** Rows of one page of `list`, and of one chunk of members. */
export const PAGE_SIZE = 500;

/** Every row, page by page: `page` answers those after the given key, in the order of the key. */
export async function* keyset<Row extends { readonly id: string }>(
  page: (after: string, limit: number) => Promise<readonly Row[]>,
): AsyncGenerator<Row, void, undefined> {
  let after = '';
  for (;;) {
    const rows = await page(after, PAGE_SIZE);
    yield* rows;
    const last = rows.at(-1);
    if (!last || rows.length < PAGE_SIZE) return;
    after = last.id;
  }
}

/** The items in groups of at most a page. */
export function* chunks<Item>(items: readonly Item[]): Generator<readonly Item[], void, undefined> {
  for (let start = 0; start < items.length; start += PAGE_SIZE) {
    yield items.slice(start, start + PAGE_SIZE);
  }
}
