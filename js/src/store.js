// The scene as this browser knows it: the widget's first state, then one difference after the other.
// Pure but for its listeners; the other half is k8slab/views/scene.py (difference) and widget.py.

const KEYED = ["items", "links", "rows", "blocks"];

/** Return the scene after a delta {set, put, drop}. What is keyed is changed in place: it may hold ten thousand items. */
export function merge(scene, delta) {
  const next = { ...scene, ...(delta.set ?? {}) };
  for (const field of KEYED) {
    const put = delta.put?.[field];
    const drop = delta.drop?.[field];
    if (!put && !drop) continue;
    next[field] ??= {};
    Object.assign(next[field], put ?? {});
    for (const id of drop ?? []) delete next[field][id];
  }
  return next;
}

export class Store {
  constructor(scene, ask) {
    this.scene = scene;
    this.listeners = new Set();
    this.ask = ask;
  }

  /** Take what came: a whole scene, or a delta that fits the version we have; else ask for a whole one. */
  take(delta) {
    if (!delta || delta.version === undefined || delta.version <= (this.scene.version ?? 0)) return;
    if (delta.scene) this.scene = delta.scene;
    else if (delta.base === this.scene.version) this.scene = { ...merge(this.scene, delta), version: delta.version };
    else return this.ask();
    for (const listener of this.listeners) listener(this.scene, delta.scene ? null : delta);
  }

  /** Call the listener with the scene and the delta that made it (null: all of it is new). */
  listen(listener) {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}
