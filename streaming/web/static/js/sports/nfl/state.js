/* The play from its events: down and distance, where the line of scrimmage and the line to gain are, score and clock. */

export const YD = 0.9144;
/** Length without end zones, and width, m. */
export const LENGTH = 100 * YD, WIDTH = (160 / 3) * YD, END = 10 * YD;
const ORDINALS = ["", "1st", "2nd", "3rd", "4th"];
const number = (v) => (typeof v === "number" ? v : null);

export class Play {
  constructor() {
    this.down = null; this.togo = null; this.goal = null; this.los = null; this.team = null; this.t_us = -Infinity;
    this.score = null; this.left_s = null; this.period = 0; this.clock_us = null;
  }
  /** ``attack`` of the home team by period: +1 towards +x. */
  receive(events, roster, periods) {
    for (const event of events ?? []) {
      if (event.deleted) continue;
      const a = event.attrs ?? {};
      if (a.home_points !== undefined && a.away_points !== undefined) this.score = [a.home_points, a.away_points];
      if (typeof a.clock_s === "number") { this.left_s = a.clock_s; this.clock_us = event.t_us; this.period = event.period || this.period; }
      if ((event.type !== "down" && event.type !== "ball_snap") || event.t_us < this.t_us) continue;
      this.t_us = event.t_us;
      this.down = number(a.down); this.togo = number(a.to_go_yd); this.goal = number(a.to_goal_yd);
      this.team = event.team ?? this.team;
      const period = periods.find((p) => p.number === event.period) ?? periods.at(-1);
      const home = period?.home_attacks ?? 1;
      this.way = roster && event.team ? (roster.side(event.team) === 1 ? -home : home) : 0;
      this.los = number(event.x_m);
      if (this.los === null && this.goal !== null && this.way) this.los = this.way * (LENGTH / 2 - this.goal * YD);
    }
  }
  /** Where the line to gain is, m; null at goal to go and where nothing is known. */
  get line() {
    if (this.los === null || !this.way || !this.togo || !this.down || this.toGoal) return null;
    return this.los + this.way * this.togo * YD;
  }
  get toGoal() { return this.goal !== null && this.togo !== null && this.togo >= this.goal; }
  /** "3rd & 7", "1st & Goal"; empty without a down. */
  get words() {
    if (!this.down || !ORDINALS[this.down]) return "";
    return `${ORDINALS[this.down]} & ${this.toGoal ? "Goal" : this.togo === null ? "–" : this.togo < 1 ? "inches" : Math.round(this.togo)}`;
  }
  /** "NOR 35": the side of the field the ball is on, as broadcasts name it. */
  spot(roster) {
    if (this.goal === null || this.team === null) return "";
    const side = roster.side(this.team);
    if (Math.round(this.goal) === 50) return "midfield";
    return this.goal > 50 ? `${roster.short(side)} ${Math.round(100 - this.goal)}` : `${roster.short(1 - side)} ${Math.round(this.goal)}`;
  }
}
