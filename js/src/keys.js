// Which item an arrow key leads to.

const TOWARDS = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] };

/** Return the id of the item nearest in the direction of the key; the first one if none is chosen yet. */
export function nearest(items, from, key) {
  const ids = Object.keys(items).filter((id) => items[id].type !== "head");
  const start = items[from];
  if (!start) return ids[0] ?? null;
  const [dx, dy] = TOWARDS[key];
  let best = from;
  let shortest = Infinity;
  for (const id of ids) {
    if (id === from) continue;
    const ahead = (items[id].x - start.x) * dx + (items[id].y - start.y) * dy;
    const aside = Math.abs((items[id].x - start.x) * dy) + Math.abs((items[id].y - start.y) * dx);
    if (ahead > 1 && ahead + 2 * aside < shortest) [best, shortest] = [id, ahead + 2 * aside];
  }
  return best;
}
