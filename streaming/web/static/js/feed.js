/* The line to the gateway: one game, some topics; comes back by itself and goes on from the last sequence number. */

import { getJson } from "./dom.js";

const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** The game in the address bar, or the newest there is; waits until there is one. */
export async function chooseGame(onWait = () => {}) {
  const asked = new URLSearchParams(location.search).get("game");
  for (;;) {
    try {
      const games = await getJson("/api/games");
      const found = asked ? games.find((g) => g.game === asked) : games[0];
      if (found) return found.game;
      onWait(asked ? `Waiting for the game ${asked}` : "Waiting for a game", "It appears here as soon as an operator starts one.");
    } catch {
      onWait("The gateway does not answer", "Trying again.");
    }
    await wait(1500);
  }
}

export class Feed extends EventTarget {
  /* events: "game" (record), "stats" (message), "positions" (message), "gap" (message), "state" ("live" | "down") */
  constructor(game, topics) {
    super();
    this.game = game;
    this.topics = topics;
    this.record = null;
    this.values = new Map(); // stat -> Map(subject -> {value, unit, quality, end_us, at, update})
    this.seq = null;
    this.failures = 0;
    this.connected = false;
    this.lastMessage = 0;
  }

  /** Open the line and keep it; when this game has gone quiet and another has begun, show that one instead. */
  open() {
    this.#connect();
    if (!new URLSearchParams(location.search).has("game")) {
      setInterval(async () => {
        if (performance.now() - this.lastMessage < 20000) return;
        const games = await getJson("/api/games").catch(() => []);
        if (games.length && games[0].game !== this.game && games[0].quiet_s < 5) location.reload();
      }, 5000);
    }
    return this;
  }

  #connect() {
    const query = new URLSearchParams({ topics: this.topics.join(","), game: this.game });
    if (this.seq !== null) query.set("from", this.seq);
    const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws?${query}`);
    this.socket = socket;
    socket.onopen = () => { this.failures = 0; this.connected = true; this.#tell("state", "live"); };
    socket.onmessage = (event) => this.#take(JSON.parse(event.data));
    socket.onclose = async () => {
      this.connected = false;
      this.#tell("state", "down");
      this.failures += 1;
      await wait(Math.min(5000, 300 * 1.7 ** this.failures) * (0.8 + 0.4 * Math.random()));
      this.#connect();
    };
  }

  #tell(type, detail) { this.dispatchEvent(new CustomEvent(type, { detail })); }

  #take(message) {
    this.lastMessage = performance.now();
    switch (message.kind) {
      case "game":
        this.record = message.record;
        this.#tell("game", message.record);
        break;
      case "stats":
        this.seq = message.seq;
        for (const update of message.updates ?? []) this.#keep(update);
        this.#tell("stats", message);
        break;
      case "positions":
      case "gap":
        this.#tell(message.kind, message);
        break;
      case "problem":
        console.warn(message.error);
    }
  }

  #keep(update) {
    let subjects = this.values.get(update.stat);
    if (!subjects) this.values.set(update.stat, (subjects = new Map()));
    const old = subjects.get(update.subject);
    const end = update.window_us[1];
    if (old && old.end_us > end) return;
    subjects.set(update.subject, { value: update.value, unit: update.unit, quality: update.quality, end_us: end, at: performance.now(), update });
  }

  /** The newest value of a stat, or null: feed.value("soccer.team.xgoals", "home") */
  value(stat, subject) { return this.values.get(stat)?.get(subject)?.value ?? null; }

  /** The value of a stat that has one subject (match, ball). */
  only(stat) {
    const subjects = this.values.get(stat);
    return subjects ? [...subjects.values()].at(-1).value : null;
  }

  /** Seconds since any of these stats last came; Infinity when none ever did. A value marked stale counts as old. */
  age(...stats) {
    let newest = -Infinity;
    for (const stat of stats) {
      for (const kept of this.values.get(stat)?.values() ?? []) if (kept.quality !== "stale") newest = Math.max(newest, kept.at);
    }
    return (performance.now() - newest) / 1000;
  }

  has(stat) { return this.values.has(stat); }
}

/** Who is who in a game record. */
export class Cast {
  constructor(record) {
    this.record = record;
    this.people = new Map(record.entities.map((e) => [e.id, e]));
    this.home = record.teams[0].id;
    this.away = record.teams[1].id;
  }
  side(id) {
    const team = this.people.get(id)?.team ?? id;
    return team === this.home ? 0 : team === this.away ? 1 : -1;
  }
  css(id) { return ["is-home", "is-away"][this.side(id)] ?? "is-none"; }
  name(id) { return this.people.get(id)?.name || id; }
  shirt(id) { return this.people.get(id)?.shirt ?? ""; }
  team(id) { return this.record.teams[this.side(id)]?.name ?? ""; }
}
