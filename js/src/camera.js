// What part of a scene the canvas shows, at which scale: pure arithmetic.

const CLOSEST = 3;

export class Camera {
  constructor() {
    Object.assign(this, { k: 1, x: 0, y: 0, width: 0, height: 0, own: false });
  }

  /** Show the whole scene in a room of this width; cards stay readable, though then not all of them may be in sight. */
  fit(scene, width, tallest) {
    const across = Math.min(1, (width - 16) / (scene.width + 4));
    const whole = Math.min(across, tallest / (scene.height + 12));
    const k = scene.curved ? Math.max(whole, Math.min(across, 0.62)) : whole;
    Object.assign(this, { k, least: Math.min(whole, k), width, height: Math.ceil(Math.min(tallest, (scene.height + 12) * k)), own: false });
    this.x = scene.width * k <= width ? scene.width / 2 - width / 2 / k : -4;
    this.y = (scene.height + 8) * k <= this.height + 1 ? scene.height / 2 - this.height / 2 / k : -6;
  }

  /** Keep what is shown while the scene or the room changes. */
  resize(width) {
    this.width = width;
  }

  zoom(factor, at = { x: this.width / 2, y: this.height / 2 }) {
    const fixed = this.toScene(at.x, at.y);
    this.k = Math.min(CLOSEST, Math.max(this.least * 0.8, this.k * factor));
    this.x = fixed.x - at.x / this.k;
    this.y = fixed.y - at.y / this.k;
    this.own = true;
  }

  pan(dx, dy, scene) {
    const slack = 40;
    const clamp = (value, room, size) => Math.max(Math.min(-slack, size - room), Math.min(value, Math.max(size - room + slack, -slack)));
    this.x = clamp(this.x - dx / this.k, this.width / this.k, scene.width);
    this.y = clamp(this.y - dy / this.k, this.height / this.k, scene.height);
    this.own = true;
  }

  /** Bring an item into sight, moving as little as needed. */
  show(item, { w, h }) {
    const margin = 12 / this.k;
    const [right, bottom] = [this.x + this.width / this.k, this.y + this.height / this.k];
    if (item.x - w / 2 < this.x) this.x = item.x - w / 2 - margin;
    else if (item.x + w / 2 > right) this.x += item.x + w / 2 + margin - right;
    else if (item.y - h / 2 >= this.y && item.y + h / 2 <= bottom) return;
    if (item.y - h / 2 < this.y) this.y = item.y - h / 2 - margin;
    else if (item.y + h / 2 > bottom) this.y += item.y + h / 2 + margin - bottom;
    this.own = true;
  }

  toScene(x, y) {
    return { x: x / this.k + this.x, y: y / this.k + this.y };
  }

  toRoom(x, y) {
    return { x: (x - this.x) * this.k, y: (y - this.y) * this.k };
  }

  sees(item, { w, h }) {
    const { x, y } = this.toRoom(item.x, item.y);
    return x + (w * this.k) / 2 >= 0 && x - (w * this.k) / 2 <= this.width && y + (h * this.k) / 2 >= 0 && y - (h * this.k) / 2 <= this.height;
  }
}
