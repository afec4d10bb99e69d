// Lines between items: from the edge of one to the edge of the other, curved between columns, straight elsewhere.

import { extent } from "./paint.js";

/** Return {a, b, c1, c2}: the ends and, of a curve, its control points. */
export function route(from, to, curved) {
  if (curved && Math.abs(to.x - from.x) > 60) {
    const right = to.x > from.x;
    const a = { x: from.x + ((right ? 1 : -1) * extent(from).w) / 2, y: headOf(from) };
    const b = { x: to.x - ((right ? 1 : -1) * extent(to).w) / 2, y: headOf(to) };
    const pull = Math.max(24, Math.abs(b.x - a.x) * 0.45) * (right ? 1 : -1);
    return { a, b, c1: { x: a.x + pull, y: a.y }, c2: { x: b.x - pull, y: b.y } };
  }
  return { a: border(from, to), b: border(to, from), c1: null, c2: null };
}

/** Where lines meet an item: the middle of its card, also if the card is open and tall. */
function headOf(item) {
  return item.open ? item.y - item.h / 2 + 22 : item.y;
}

function border(item, towards) {
  const { w, h } = extent(item);
  const dx = towards.x - item.x;
  const dy = towards.y - item.y;
  if (!dx && !dy) return { x: item.x, y: item.y };
  const share = Math.min(Math.abs(w / 2 / (dx || 1e-9)), Math.abs(h / 2 / (dy || 1e-9)), 1);
  return { x: item.x + dx * share, y: item.y + dy * share };
}

export function trace(ctx, { a, b, c1, c2 }) {
  ctx.moveTo(a.x, a.y);
  if (c1) ctx.bezierCurveTo(c1.x, c1.y, c2.x, c2.y, b.x, b.y);
  else ctx.lineTo(b.x, b.y);
}

/** A slim arrow head at the end of a line. */
export function arrow(ctx, { a, b, c2 }, size = 6) {
  const back = c2 ?? a;
  const angle = Math.atan2(b.y - back.y, b.x - back.x);
  ctx.moveTo(b.x, b.y);
  ctx.lineTo(b.x - size * Math.cos(angle - 0.42), b.y - size * Math.sin(angle - 0.42));
  ctx.lineTo(b.x - size * Math.cos(angle + 0.42), b.y - size * Math.sin(angle + 0.42));
  ctx.closePath();
}
