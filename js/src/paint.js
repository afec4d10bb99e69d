// Drawing one item of a scene on a canvas, at a scale k; the same shapes as k8slab/views/picture.py writes as SVG.
// What would be too small to read is left out: names below 6 pixels, shapes of marks below 3.

const FONT = "system-ui, sans-serif";
const READABLE = 6;
const LOUD = new Set(["failed", "backoff", "pending", "unknown"]);
const paths = new Map();

function path(text) {
  if (!paths.has(text)) paths.set(text, new Path2D(text));
  return paths.get(text);
}

export const colourOf = (look, theme) => (theme.dark ? look.dark : look.light);

export function glyph(ctx, look, theme, x, y, r) {
  const colour = colourOf(look, theme);
  ctx.save();
  ctx.translate(x, y);
  ctx.scale(r, r);
  if (look.hollow) {
    ctx.lineWidth = 0.28;
    ctx.strokeStyle = colour;
    ctx.setLineDash(look.dashed ? [0.35, 0.25] : []);
    ctx.stroke(path(look.path));
  } else {
    ctx.fillStyle = colour;
    ctx.fill(path(look.path), "evenodd");
  }
  ctx.restore();
}

function text(ctx, x, y, words, size, colour, { align = "center", weight = 400, k = 1, most, halo } = {}) {
  if (!words || size * k < READABLE) return;
  ctx.font = `${weight} ${size}px ${FONT}`;
  ctx.fillStyle = colour;
  ctx.textAlign = align;
  ctx.textBaseline = "alphabetic";
  if (halo) {
    ctx.strokeStyle = halo;
    ctx.lineWidth = 4;
    ctx.lineJoin = "round";
    ctx.strokeText(words, x, y);
  }
  ctx.fillText(most ? shortened(ctx, words, most) : words, x, y);
}

function shortened(ctx, words, most) {
  if (ctx.measureText(words).width <= most) return words;
  const end = words.includes("-") && words.length > 12 ? words.slice(-6) : ""; // of generated names the end tells them apart
  let keep = words.length - end.length - 1;
  while (keep > 1 && ctx.measureText(`${words.slice(0, keep)}…${end}`).width > most) keep -= 1;
  return `${words.slice(0, keep)}…${end}`;
}

function frame(ctx, item, theme, { radius = 8, dashed = false, fill = theme.card, stroke = theme.edge, shift = 0 } = {}) {
  ctx.beginPath();
  ctx.roundRect(item.x - item.w / 2 + shift, item.y - item.h / 2 + shift, item.w, item.h, radius);
  ctx.fillStyle = fill;
  ctx.fill();
  if (dashed) ctx.setLineDash([5, 4]);
  ctx.strokeStyle = stroke;
  ctx.lineWidth = 1;
  ctx.stroke();
  if (dashed) ctx.setLineDash([]);
}

/** The tile at the left of a card: the shape of the kind, or of a pod's state, on a wash of its colour. */
function tile(ctx, item, looks, theme, left, top) {
  const state = looks[item.state];
  const look = item.kind === "Pod" || !looks[`kind:${item.kind}`] ? (state ?? looks[`kind:${item.kind}`]) : looks[`kind:${item.kind}`];
  if (!look) return 10;
  ctx.save();
  ctx.globalAlpha *= theme.dark ? 0.2 : 0.12;
  ctx.fillStyle = colourOf(look, theme);
  ctx.beginPath();
  ctx.roundRect(left + 8, top + 8, 28, 28, 7);
  ctx.fill();
  ctx.restore();
  glyph(ctx, look, theme, left + 22, top + 22, 8);
  return 44;
}

function words(ctx, item, theme, left, top, k, most, below = most) {
  text(ctx, left, top + 19, item.label, 12.5, theme.ink, { align: "left", weight: 600, k, most });
  text(ctx, left, top + 34, item.sub, 10.5, theme.soft, { align: "left", k, most: below });
}

const painters = {
  frame(ctx, item, looks, theme, k) {
    frame(ctx, item, theme, { radius: 12, fill: theme.wash, stroke: theme.edge });
    text(ctx, item.x - item.w / 2 + 12, item.y - item.h / 2 + 20, item.label, 13, theme.soft, { align: "left", weight: 600, k });
  },
  box(ctx, item, looks, theme, k) {
    const left = item.x - item.w / 2 + 10;
    const top = item.y - item.h / 2;
    if (item.h * k < 24) {
      ctx.fillStyle = theme.tile;
      ctx.fillRect(item.x - item.w / 2, top, item.w, item.h);
      return;
    }
    frame(ctx, item, theme, { radius: item.tight ? 6 : 8, dashed: item.dashed });
    if (item.tight) {
      text(ctx, left - 1, top + 17, item.label, 11, theme.ink, { align: "left", weight: 600, k, most: item.w - 18 });
      return;
    }
    text(ctx, left, top + 19, item.label, 13, theme.ink, { align: "left", weight: 600, k, most: item.w - 20 });
    text(ctx, left, top + 33, item.sub, 10.5, theme.soft, { align: "left", k, most: item.w - 20 });
  },
  mark(ctx, item, looks, theme, k) {
    const look = looks[item.state] ?? looks.unknown;
    glyph(ctx, look, theme, item.x, item.y, item.r - 1);
    if (item.count) {
      text(ctx, item.x + item.r - 1, item.y - item.r + 6, `×${item.count}`, 9.5, theme.ink, { align: "left", weight: 600, k });
      text(ctx, item.x, item.y + item.r + 12, item.name, 9.5, theme.ink, { k, most: 42 });
      return;
    }
    text(ctx, item.x, item.y + item.r + 13, item.label, 10.5, theme.ink, { k, halo: item.halo && theme.paper });
  },
  part(ctx, item, looks, theme, k) {
    const left = item.x - item.w / 2;
    const top = item.y - item.h / 2;
    frame(ctx, item, theme, { dashed: item.dashed });
    const inset = tile(ctx, item, looks, theme, left, top);
    const state = item.kind !== "Pod" && looks[`kind:${item.kind}`] ? looks[item.state] : null;
    if (state) glyph(ctx, state, theme, left + item.w - 14, top + 15, 5);
    words(ctx, item, theme, left + inset, top, k, item.w - inset - (state ? 24 : 8), item.w - inset - 6);
  },
  group(ctx, item, looks, theme, k) {
    const left = item.x - item.w / 2;
    const top = item.y - item.h / 2;
    if (!item.open) {
      frame(ctx, item, theme, { shift: 5, fill: theme.paper });
      frame(ctx, item, theme, { shift: 2.5, fill: theme.paper });
    }
    frame(ctx, item, theme);
    const look = looks[item.state] ?? looks[`kind:${item.kind}`] ?? looks.unknown;
    const inset = tile(ctx, { ...item, kind: "Pod", state: looks[item.state] ? item.state : `kind:${item.kind}` }, looks, theme, left, top);
    words(ctx, item, theme, left + inset, top, k, item.w - inset - 20);
    text(ctx, left + item.w - 9, top + 19, item.open ? "▾" : "▸", 11, colourOf(look, theme), { align: "right", k });
    bar(ctx, item, looks, theme, left + inset, top + 38, item.w - inset - 10);
  },
  head(ctx, item, looks, theme, k) {
    text(ctx, item.x - item.w / 2 + 2, item.y + 4, item.label.toUpperCase(), 10.5, theme.soft, { align: "left", weight: 600, k, most: item.w + 44 });
  },
};

/** How many of a group are in which state, as a line of colours. */
function bar(ctx, item, looks, theme, left, top, width) {
  const known = (item.states ?? []).filter(([state]) => looks[state]);
  const total = known.reduce((sum, [, n]) => sum + n, 0);
  let x = left;
  for (const [state, n] of known) {
    const w = (width * n) / total;
    ctx.fillStyle = colourOf(looks[state], theme);
    ctx.fillRect(x, top, Math.max(1, w - 1), 3);
    x += w;
  }
}

export function paint(ctx, item, looks, theme, k = 1) {
  painters[item.type](ctx, item, looks, theme, k);
}

/** Marks too small to have a shape: one rectangle each, one path per colour. */
export function paintSpecks(ctx, items, looks, theme) {
  const byState = new Map();
  for (const item of items) {
    const state = looks[item.state] ? item.state : "unknown";
    if (!byState.has(state)) byState.set(state, []);
    byState.get(state).push(item);
  }
  for (const [state, marks] of byState) {
    const look = looks[state];
    ctx.beginPath();
    const grow = LOUD.has(state) ? 2 : -1.5; // what needs attention is larger
    for (const { x, y, r } of marks) ctx.rect(x - r - grow, y - r - grow, 2 * (r + grow), 2 * (r + grow));
    ctx.fillStyle = colourOf(look, theme);
    ctx.globalAlpha *= look.hollow ? 0.45 : 1;
    ctx.fill();
    ctx.globalAlpha /= look.hollow ? 0.45 : 1;
  }
}

/** The space an item takes, for clicks and for the ring around the chosen one. */
export function extent(item) {
  return item.type === "mark" ? { w: item.r * 2 + 6, h: item.r * 2 + 4 } : { w: item.w, h: item.h };
}

export function ring(ctx, item, colour, { width = 2, dash = [], grow = 2 } = {}) {
  const { w, h } = extent(item);
  ctx.beginPath();
  ctx.roundRect(item.x - w / 2 - grow, item.y - h / 2 - grow, w + 2 * grow, h + 2 * grow, 9);
  ctx.setLineDash(dash);
  ctx.strokeStyle = colour;
  ctx.lineWidth = width;
  ctx.stroke();
  ctx.setLineDash([]);
}
