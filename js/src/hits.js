// Which item lies under a point: a grid over the scene, so that ten thousand items cost no more than ten.

import { extent } from "./paint.js";

const CELL = 96;
const ORDER = { mark: 0, part: 1, group: 1, box: 2, frame: 3 };

export class Hits {
  constructor(items) {
    this.cells = new Map();
    for (const [id, item] of Object.entries(items)) {
      if (!(item.type in ORDER)) continue;
      const { w, h } = extent(item);
      for (let i = Math.floor((item.x - w / 2) / CELL); i <= Math.floor((item.x + w / 2) / CELL); i += 1)
        for (let j = Math.floor((item.y - h / 2) / CELL); j <= Math.floor((item.y + h / 2) / CELL); j += 1) {
          const key = `${i},${j}`;
          if (!this.cells.has(key)) this.cells.set(key, []);
          this.cells.get(key).push([id, item]);
        }
    }
  }

  /** Return the id of the innermost item at a point, or null. */
  at(x, y) {
    let best = null;
    for (const [id, item] of this.cells.get(`${Math.floor(x / CELL)},${Math.floor(y / CELL)}`) ?? []) {
      const { w, h } = extent(item);
      const inside = Math.abs(item.x - x) <= w / 2 && Math.abs(item.y - y) <= h / 2;
      if (inside && (!best || ORDER[item.type] < ORDER[best[1].type])) best = [id, item];
    }
    return best?.[0] ?? null;
  }
}
