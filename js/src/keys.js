// Which item an arrow key leads to.

const TOWARDS = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] };

/** Where an item begins for the keyboard: what holds others at its heading, so that the way down leads into it. */
function anchor(item) {
  const holds = item.type === "box" || item.type === "frame";
  return holds ? { x: item.x - item.w / 2 + 20, y: item.y - item.h / 2 + 12 } : item;
}

/** Return the id of the item nearest in the direction of the key; the first one if none is chosen yet. */
export function nearest(items, from, key) {
  const ids = Object.keys(items).filter((id) => items[id].type !== "head");
  if (!items[from]) return ids[0] ?? null;
  const start = anchor(items[from]);
  const [dx, dy] = TOWARDS[key];
  let best = from;
  let shortest = Infinity;
  for (const id of ids) {
    if (id === from) continue;
    const { x, y } = anchor(items[id]);
    const ahead = (x - start.x) * dx + (y - start.y) * dy;
    const aside = Math.abs((x - start.x) * dy) + Math.abs((y - start.y) * dx);
    if (ahead > 1 && ahead + 2 * aside < shortest) [best, shortest] = [id, ahead + 2 * aside];
  }
  return best;
}
