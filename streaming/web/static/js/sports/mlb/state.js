/* A baseball game from its events: inning, outs, count, runners on base, score. */

const KEEPS = ["outs", "first", "second", "third", "home_runs", "away_runs"];

export class State {
  constructor() { Object.assign(this, { inning: 0, half: "", outs: null, balls: null, strikes: null, first: false, second: false, third: false, home_runs: null, away_runs: null, t_us: -Infinity, over: false }); }
  receive(events) {
    for (const event of events ?? []) {
      if (event.deleted || event.t_us < this.t_us) continue;
      const a = event.attrs ?? {};
      this.t_us = event.t_us;
      if (event.period) this.inning = event.period;
      if (typeof a.half === "string") this.half = a.half;
      for (const key of KEEPS) if (a[key] !== undefined) this[key] = a[key];
      if (typeof a.balls === "number") [this.balls, this.strikes] = [a.balls, a.strikes ?? 0];
      if (["play", "half_start", "half_end"].includes(event.type)) this.balls = this.strikes = 0;
      if (event.type === "game_end") this.over = true;
      if (event.type === "pitch" && this.balls !== null) this.#count(event.outcome);
    }
  }
  #count(outcome) {
    if (outcome === "ball") this.balls = Math.min(4, this.balls + 1);
    else if (outcome === "called_strike" || outcome === "swinging_strike") this.strikes = Math.min(3, this.strikes + 1);
    else if (outcome === "foul") this.strikes = Math.min(2, this.strikes + 1);
  }
  get score() { return typeof this.home_runs === "number" && typeof this.away_runs === "number" ? [this.home_runs, this.away_runs] : null; }
  get words() {
    if (this.over) return "final";
    if (!this.inning) return "first pitch soon";
    return `${this.half === "top" ? "top" : this.half === "bottom" ? "bottom" : "inning"} ${this.inning}`;
  }
}
