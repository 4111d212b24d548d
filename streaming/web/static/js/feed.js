/* The line to the gateway: one game, some topics; comes back by itself and goes on from the last sequence number. */

import { css, teamColours } from "./colours.js";
import { el, getJson } from "./dom.js";

const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** The entry of the game in the address bar, or of the newest there is (of ``sport``, for a graphic that shows one); waits until
    there is one. */
export async function chooseGame(onWait = () => {}, sport = "") {
  const asked = new URLSearchParams(location.search).get("game");
  for (;;) {
    try {
      const games = await getJson("/api/games");
      const found = asked ? games.find((g) => g.game === asked) : games.find((g) => !sport || g.sport === sport);
      if (found) return found;
      onWait(asked ? `Waiting for the game ${asked}` : `Waiting for a game${sport ? ` of ${sport}` : ""}`, "It appears here as soon as an operator starts one.");
    } catch {
      onWait("The gateway does not answer", "Trying again.");
    }
    await wait(1500);
  }
}

/** Keep a select filled with the games that there are; choosing one opens it. It hides while there is but one. */
export function gameChooser(select, game) {
  const fill = async () => {
    const games = await getJson("/api/games").catch(() => null);
    if (games) {
      const key = games.map((g) => g.game).join();
      if (key !== fill.key) {
        fill.key = key;
        select.replaceChildren(...games.map((g) => el("option", { value: g.game, selected: g.game === game }, `${g.sport} · ${g.title || g.game}`)));
        select.hidden = games.length < 2;
      }
    }
    setTimeout(fill, 4000);
  };
  select.addEventListener("change", () => { location.search = new URLSearchParams({ game: select.value }); });
  fill();
}

export class Feed extends EventTarget {
  /* events: "game" (record), "stats" (message), "positions" (message), "gap" (message), "state" ("live" | "down") */
  constructor(entry, topics) {
    super();
    this.game = entry.game;
    this.sport = entry.sport;
    this.topics = topics;
    this.record = null;
    this.values = new Map(); // stat -> Map(subject -> {value, unit, quality, end_us, at, update})
    this.seq = null;
    this.holding = new Set(); // stats that go out when they change and hold until they do
    this.lastStats = 0;
    this.failures = 0;
    this.connected = false;
    this.lastMessage = 0;
  }

  /** Open the line and keep it; when this game has gone quiet and another of its sport has begun, show that one instead. */
  open() {
    this.#connect();
    getJson(`/api/catalogue/${this.sport}`).then((stats) => { this.holding = new Set(stats.filter((s) => s.holds).map((s) => s.id)); }, () => {});
    if (!new URLSearchParams(location.search).has("game")) {
      setInterval(async () => {
        if (performance.now() - this.lastMessage < 20000) return;
        const games = await getJson("/api/games").catch(() => []);
        const newest = games.find((g) => g.sport === this.sport);
        if (newest && newest.game !== this.game && newest.quiet_s < 5) location.reload();
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
        this.lastStats = performance.now();
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
    const feed = this, now = performance.now();
    // a value that holds until it changes is as fresh as the newest of the game
    subjects.set(update.subject, { value: update.value, unit: update.unit, quality: update.quality, end_us: end, get at() { return feed.holding.has(update.stat) ? feed.lastStats : now; }, update });
  }

  /** The newest value of a stat, or null: feed.value("soccer.team.xgoals", "home") */
  value(stat, subject) { return this.values.get(stat)?.get(subject)?.value ?? null; }

  /** What is kept of a stat that has one subject at a time: {value, subject, end_us, ...}, that which ends last of those that were
      measured (of all players but one a value may be null); null when there is none. */
  newest(stat) {
    let found = null;
    for (const [subject, kept] of this.values.get(stat) ?? []) {
      const measured = kept.value !== null, better = !found || (measured === (found.value !== null) ? kept.end_us >= found.end_us : measured);
      if (better) found = { ...kept, subject };
    }
    return found;
  }

  /** The newest value of a stat that has one subject at a time (match, ball, the passer of an event). */
  only(stat) { return this.newest(stat)?.value ?? null; }

  /** Seconds since any of these stats last came; Infinity when none ever did. A value marked stale counts as old. */
  age(...stats) {
    let newest = -Infinity;
    for (const stat of stats) {
      for (const kept of this.values.get(stat)?.values() ?? []) if (kept.quality !== "stale" && kept.quality !== "unavailable") newest = Math.max(newest, kept.at);
    }
    return (performance.now() - newest) / 1000;
  }

  has(stat) { return this.values.has(stat); }
}

/** Who is who in a game record, and in which colours. */
export class Cast {
  constructor(record) {
    this.record = record;
    this.people = new Map(record.entities.map((e) => [e.id, e]));
    this.sides = new Map(record.teams.map((t, i) => [t.id, i]));
    this.home = record.teams[0]?.id;
    this.away = record.teams[1]?.id; // a race has as many teams as it has
    this.colours = teamColours(record);
  }
  /** Which team somebody (or a team itself) is of: 0 home, 1 away, -1 none. */
  side(id) { return this.sides.get(this.people.get(id)?.team ?? id) ?? -1; }
  /** Class and colours of a node that shows somebody. */
  dress(id, name = "") {
    const side = this.side(id), one = this.colours[side];
    return { class: `${name} ${["is-home", "is-away"][side] ?? "is-none"}`.trim(), style: this.record.teams.length > 2 && one ? css(one) : undefined };
  }
  name(id) { return this.people.get(id)?.name || this.record.teams[this.sides.get(id)]?.name || id; }
  shirt(id) { return this.people.get(id)?.shirt ?? ""; }
  team(id) { return this.record.teams[this.side(id)]?.name ?? this.people.get(id)?.team ?? ""; }
  /** The short name of a team by its place in the record. */
  short(i) { const team = this.record.teams[i]; return team ? team.short || team.name : ""; }
}
