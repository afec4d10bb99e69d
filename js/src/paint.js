// Drawing one item of a scene on a canvas; the same shapes as k8slab/views/picture.py writes as SVG.

const FONT = "system-ui, sans-serif";
const paths = new Map();

function path(text) {
  if (!paths.has(text)) paths.set(text, new Path2D(text));
  return paths.get(text);
}

export function glyph(ctx, look, theme, x, y, r) {
  const colour = theme.dark ? look.dark : look.light;
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
    ctx.fill(path(look.path));
  }
  ctx.restore();
}

function text(ctx, x, y, words, size, colour, align = "center", weight = 400) {
  if (!words) return;
  ctx.font = `${weight} ${size}px ${FONT}`;
  ctx.fillStyle = colour;
  ctx.textAlign = align;
  ctx.textBaseline = "alphabetic";
  ctx.fillText(words, x, y);
}

function frame(ctx, item, theme, radius, dashed) {
  ctx.save();
  ctx.beginPath();
  ctx.roundRect(item.x - item.w / 2, item.y - item.h / 2, item.w, item.h, radius);
  ctx.fillStyle = theme.card;
  ctx.fill();
  ctx.setLineDash(dashed ? [5, 4] : []);
  ctx.strokeStyle = theme.line;
  ctx.lineWidth = 1;
  ctx.stroke();
  ctx.restore();
}

const painters = {
  box(ctx, item, looks, theme) {
    const left = item.x - item.w / 2 + 10;
    const top = item.y - item.h / 2;
    frame(ctx, item, theme, 6, item.dashed);
    text(ctx, left, top + 17, item.label, 13, theme.ink, "left", 600);
    text(ctx, left, top + 31, item.sub, 10, theme.soft, "left");
  },
  mark(ctx, item, looks, theme) {
    glyph(ctx, looks[item.state] ?? looks.unknown, theme, item.x, item.y, item.r);
    text(ctx, item.x, item.y + item.r + 13, item.label, 10, theme.ink);
  },
  part(ctx, item, looks, theme) {
    const left = item.x - item.w / 2;
    const top = item.y - item.h / 2;
    const look = looks[item.state];
    frame(ctx, item, theme, 8, false);
    if (look) glyph(ctx, look, theme, left + 16, item.y, 8);
    text(ctx, left + (look ? 30 : 10), top + 18, item.label, 12, theme.ink, "left", 600);
    text(ctx, left + (look ? 30 : 10), top + 34, item.sub, 10, theme.soft, "left");
  },
};

export function paint(ctx, item, looks, theme) {
  painters[item.type](ctx, item, looks, theme);
}

/** The space an item takes, for clicks and for the ring around the chosen one. */
export function extent(item) {
  return item.type === "mark" ? { w: item.r * 2 + 6, h: item.r * 2 + 4 } : { w: item.w, h: item.h };
}

export function ring(ctx, item, theme, colour = theme.focus) {
  const { w, h } = extent(item);
  ctx.save();
  ctx.beginPath();
  ctx.roundRect(item.x - w / 2 - 2, item.y - h / 2 - 2, w + 4, h + 4, 8);
  ctx.strokeStyle = colour;
  ctx.lineWidth = 2;
  ctx.stroke();
  ctx.restore();
}
