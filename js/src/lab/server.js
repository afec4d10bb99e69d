// The server's half: k8slab/state, k8slab/labs, k8slab/progress. Whoever wants to know of changes says so.

export class Server {
  constructor({ coreutils, services }, settings) {
    this.url = (name) => coreutils.URLExt.join(settings.baseUrl, "k8slab", name);
    this.request = (name, init = {}) => services.ServerConnection.makeRequest(this.url(name), init, settings);
    this.state = null;
    this.listeners = [];
  }

  onChange(listener) {
    this.listeners.push(listener);
  }

  // Ask what is so now; `quietly` if nobody did anything, so that the server does not take it for activity.
  async refresh({ quietly = false } = {}) {
    return this.take(await this.request(quietly ? "state?no_track_activity=1" : "state"));
  }

  copyLabs() {
    return this.change("labs");
  }

  async progress() {
    return (await this.checked(await this.request("progress"))).text();
  }

  upload(text) {
    return this.change("progress", text);
  }

  async change(name, body = "") {
    return this.take(await this.request(name, { method: "POST", body }));
  }

  async take(response) {
    const before = this.state;
    this.state = await (await this.checked(response)).json();
    if (JSON.stringify(before) !== JSON.stringify(this.state)) {
      for (const listener of this.listeners) listener(this.state, before);
    }
    return this.state;
  }

  async checked(response) {
    if (response.ok) return response;
    const said = await response.json().catch(() => ({}));
    throw new Error(said.message || `the server answered ${response.status}`);
  }
}
