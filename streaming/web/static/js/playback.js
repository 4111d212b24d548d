/* Positions arrive in small batches; the screen needs sixty smooth frames a second. The play head is a little behind the newest
   position, moves at the speed at which positions arrive (a replay may be faster than real time), and changes speed gradually. */

const DELAY_S = 0.42;
const KEEP_S = 4.0;

export class Playback {
  constructor() { this.reset(); }

  reset() {
    this.t = []; // seconds since first frame, ascending
    this.rows = [];
    this.ids = [];
    this.t0_us = null;
    this.head = null;
    this.rate = 1;
    this.arrivals = [];
    this.period = 0;
    this.lastArrival = -Infinity;
    this.stamp = null;
  }

  receive(message, now = performance.now() / 1000) {
    if (this.t0_us === null || message.ids.length !== this.ids.length) {
      this.reset();
      this.t0_us = message.t_us[0];
      this.ids = message.ids;
    }
    this.period = message.period;
    for (let i = 0; i < message.t_us.length; i++) {
      const t = (message.t_us[i] - this.t0_us) / 1e6;
      const last = this.t.at(-1) ?? -Infinity;
      if (t <= last) { if (t < last - 10) this.reset(); continue; }
      this.t.push(t);
      this.rows.push(message.xyz_m[i]);
    }
    this.lastArrival = now;
    const newest = this.t.at(-1);
    if (newest === undefined) return;
    this.arrivals.push([now, newest]);
    while (this.arrivals.length > 2 && now - this.arrivals[0][0] > 3) this.arrivals.shift();
    const [n0, t0] = this.arrivals[0];
    if (now - n0 > 0.8) this.rate = Math.min(40, Math.max(0.25, (newest - t0) / (now - n0)));
    while (this.t.length > 2 && this.t[0] < newest - KEEP_S * Math.max(1, this.rate)) { this.t.shift(); this.rows.shift(); }
  }

  /** Seconds since anything arrived. */
  quiet(now = performance.now() / 1000) { return now - this.lastArrival; }

  /** Move the head to ``now`` and return event time there (s since the first frame), or null. */
  advance(now = performance.now() / 1000) {
    if (!this.t.length) return null;
    const newest = this.t.at(-1);
    const want = newest - DELAY_S * Math.max(1, this.rate);
    if (this.head === null || Math.abs(want - this.head) > 2.5 * Math.max(1, this.rate)) this.head = want;
    else {
      const dt = Math.min(0.1, now - (this.stamp ?? now));
      const expected = want + (now - this.lastArrival) * this.rate;
      const error = expected - this.head;
      this.head += dt * this.rate * (1 + Math.max(-0.25, Math.min(0.25, error * 0.8)));
    }
    this.head = Math.min(this.head, newest);
    this.stamp = now;
    return this.head;
  }

  /** Positions at ``t``: Float64Array x, y, z per id, NaN where unknown. */
  at(t) {
    const out = new Float64Array(this.ids.length * 3).fill(NaN);
    if (!this.t.length) return out;
    let hi = this.t.findIndex((x) => x > t);
    if (hi < 0) hi = this.t.length - 1;
    const lo = Math.max(0, hi - 1);
    const span = this.t[hi] - this.t[lo];
    const near = span > 0 && span <= 1.0;
    const share = near ? Math.min(1, Math.max(0, (t - this.t[lo]) / span)) : 0;
    const a = this.rows[lo], b = this.rows[hi];
    for (let i = 0; i < out.length; i++) {
      const p = a[i], q = b[i];
      if (p === null && q === null) continue;
      out[i] = p === null ? (share > 0.5 ? q : NaN) : q === null || !near ? p : p + (q - p) * share;
    }
    return out;
  }

  /** Event time of the head in microseconds. */
  get now_us() { return this.head === null ? null : this.t0_us + this.head * 1e6; }
}
