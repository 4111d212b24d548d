/* The connection to the gateway: one game, some topics; it reconnects by itself and resumes from the last sequence number. */

import { css, teamColours } from "./colours.js";
import { el, getJson, withToken } from "./dom.js";

const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** The entry of the game in the address bar, or of the newest there is (of ``sport``, for a graphic that shows one); waits until
    there is one. */
export async function chooseGame(onWait = () => {}, sport = "") {
  const requested = new URLSearchParams(location.search).get("game");
  for (;;) {
    try {
      const games = await getJson("/api/games");
      const found = requested ? games.find((g) => g.game === requested) : games.find((g) => !sport || g.sport === sport);
      if (found) return found;
      onWait(requested ? `Waiting for the game ${requested}` : `Waiting for a game${sport ? ` of ${sport}` : ""}`, "It appears here as soon as an operator starts one.");
    } catch {
      onWait("The gateway does not answer", "Trying again.");
    }
    await wait(1500);
  }
}

/** Keep a select filled with the games; choosing one opens it. It hides while there is only one. */
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

  /** Connect and stay connected; when this game has gone quiet and another of its sport has begun, show that one instead. */
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
    const socket = new WebSocket(withToken(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws?${query}`));
    this.socket = socket;
    socket.onopen = () => { this.failures = 0; this.connected = true; this.#emit("state", "live"); };
    socket.onmessage = (event) => this.#receive(JSON.parse(event.data));
    socket.onclose = async () => {
      this.connected = false;
      this.#emit("state", "down");
      this.failures += 1;
      await wait(Math.min(5000, 300 * 1.7 ** this.failures) * (0.8 + 0.4 * Math.random()));
      this.#connect();
    };
  }

  #emit(type, detail) { this.dispatchEvent(new CustomEvent(type, { detail })); }

  #receive(message) {
    this.lastMessage = performance.now();
    switch (message.kind) {
      case "game":
        this.record = message.record;
        this.#emit("game", message.record);
        break;
      case "stats":
        this.lastStats = performance.now();
        this.seq = message.seq;
        for (const update of message.updates ?? []) this.#store(update);
        this.#emit("stats", message);
        break;
      case "positions":
      case "gap":
        this.#emit(message.kind, message);
        break;
      case "problem":
        console.warn(message.error);
    }
  }

  #store(update) {
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

  /** The entry of a stat that has one subject at a time: {value, subject, end_us, ...}. It is the one whose window ends last, of those
      that were measured (the value of all players but one may be null); null when there is none. */
  newest(stat) {
    let found = null;
    for (const [subject, stored] of this.values.get(stat) ?? []) {
      const measured = stored.value !== null, better = !found || (measured === (found.value !== null) ? stored.end_us >= found.end_us : measured);
      if (better) found = { ...stored, subject };
    }
    return found;
  }

  /** The newest value of a stat that has one subject at a time (match, ball, the passer of an event). */
  newestValue(stat) { return this.newest(stat)?.value ?? null; }

  /** Seconds since any of these stats was last updated; Infinity when none ever was. A value marked stale counts as old. */
  age(...stats) {
    let newest = -Infinity;
    for (const stat of stats) {
      for (const stored of this.values.get(stat)?.values() ?? []) if (stored.quality !== "stale" && stored.quality !== "unavailable") newest = Math.max(newest, stored.at);
    }
    return (performance.now() - newest) / 1000;
  }

  has(stat) { return this.values.has(stat); }
}

/** Teams, players and colours of a game record. */
export class Roster {
  constructor(record) {
    this.record = record;
    this.entities = new Map(record.entities.map((e) => [e.id, e]));
    this.sides = new Map(record.teams.map((t, i) => [t.id, i]));
    this.home = record.teams[0]?.id;
    this.away = record.teams[1]?.id; // a race has as many teams as it has
    this.colours = teamColours(record);
  }
  /** The side of a player, or of a team: 0 home, 1 away, -1 none; in a race the place of the team in the record. */
  side(id) { return this.sides.get(this.entities.get(id)?.team ?? id) ?? -1; }
  /** Class and colours of a node that shows a player or a team. */
  teamStyle(id, name = "") {
    const side = this.side(id), one = this.colours[side];
    return { class: `${name} ${["is-home", "is-away"][side] ?? "is-none"}`.trim(), style: this.record.teams.length > 2 && one ? css(one) : undefined };
  }
  name(id) { return this.entities.get(id)?.name || this.record.teams[this.sides.get(id)]?.name || id; }
  shirt(id) { return this.entities.get(id)?.shirt ?? ""; }
  team(id) { return this.record.teams[this.side(id)]?.name ?? this.entities.get(id)?.team ?? ""; }
  /** The short name of a team by its place in the record. */
  short(i) { const team = this.record.teams[i]; return team ? team.short || team.name : ""; }
}
