/* The few things of a browser that the modules need when they are imported: a clock that the test moves, fetch, and a document that
   keeps nodes without drawing them. */

export const JS = "../../../../streaming/web/static/js/";

/** A clock in ms that stands still until the test moves it; the modules read ``performance.now``. */
export function stubClock() {
  const clock = { ms: 100_000 };
  performance.now = () => clock.ms;
  return clock;
}

/** Answers of ``fetch`` by path; anything else is a 404. */
export function stubFetch(answers) {
  globalThis.fetch = async (url) => {
    const path = String(url);
    const ok = path in answers;
    return { ok, status: ok ? 200 : 404, statusText: ok ? "OK" : "Not Found", json: async () => (ok ? answers[path] : { error: `no ${path}` }) };
  };
}

class Node {
  constructor(tag) { this.tag = tag; this.children = []; this.attributes = {}; this.style = {}; this.text = ""; this.parent = null; this.classes = new Set(); this.hidden = false; }
  get classList() {
    return { add: (name) => this.classes.add(name), remove: (name) => this.classes.delete(name), toggle: (name, on) => (on ? this.classes.add(name) : this.classes.delete(name)) };
  }
  setAttribute(name, value) { this.attributes[name] = value; }
  append(...nodes) { for (const node of nodes) { this.children.push(node); if (node instanceof Node) node.parent = this; } }
  replaceChildren(...nodes) { this.children = []; this.append(...nodes); }
  remove() { if (this.parent) this.parent.children = this.parent.children.filter((node) => node !== this); }
  get textContent() { return this.text + this.children.map((child) => (child instanceof Node ? child.textContent : String(child))).join(""); }
  set textContent(text) { this.children = []; this.text = text; }
}

/** A document of such nodes; returns one to be the root. */
export function stubDocument() {
  globalThis.document = { createElement: (tag) => new Node(tag), createElementNS: (_, tag) => new Node(tag), getElementById: () => null };
  globalThis.requestAnimationFrame = (callback) => callback(performance.now());
  return new Node("div");
}

export const TEAMS = [{ id: "home", name: "Harbour City", short: "HAR", colour: "#e5483f" }, { id: "away", name: "Northgate", short: "NOR", colour: "#3f8ee5" }];
export const RECORD = {
  game: "g", sport: "soccer", t0_us: 0, teams: TEAMS, periods: [{ number: 1, start_us: 0 }],
  entities: [{ id: "h9", name: "Ferreira", team: "home", role: "player", shirt: 9 }, { id: "a1", name: "Petrov", team: "away", role: "keeper", shirt: 1 }, { id: "ball", name: "Ball", role: "ball" }],
};

/** An update as it is on the wire. */
export const update = (stat, subject, value, end_us, more = {}) => ({ stat, subject, value, unit: "", quality: "final", window_us: [end_us - 400_000, end_us], ...more });
