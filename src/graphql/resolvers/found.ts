/** Maps what was found, and leaves what was not. */
export function found<Item, Node>(
  item: Item | undefined,
  toNode: (item: Item) => Node,
): Node | undefined {
  return item === undefined ? undefined : toNode(item);
}
