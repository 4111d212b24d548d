/* The race from its events: laps, tyres, stops, the state of the track. */

const FLAGS = { yellow: "yellow flag", safety_car: "safety car", virtual_safety_car: "virtual safety car", red: "red flag" };

export class Race {
  constructor() {
    this.laps = null; this.lap = 0; this.status = "clear"; this.statusAt = -Infinity; this.over = false;
    this.tyres = new Map(); // car -> {compound, age, lap}
    this.car_lap = new Map(); this.stops = new Map(); this.inPit = new Map(); this.out = new Set();
    this.corners = new Map(); // event id -> {car, corner}
  }
  receive(events) {
    for (const event of events ?? []) {
      const a = event.attrs ?? {}, car = event.player;
      if (event.deleted) { this.corners.delete(event.id); continue; }
      switch (event.type) {
        case "lights_out": case "start": if (typeof a.laps === "number") this.laps = a.laps; break;
        case "loop": if (typeof a.lap === "number") { this.car_lap.set(car, Math.max(a.lap, this.car_lap.get(car) ?? 0)); this.lap = Math.max(this.lap, a.lap); } break;
        case "track_status": if (event.t_us >= this.statusAt) { this.statusAt = event.t_us; this.status = String(a.status ?? event.outcome ?? "clear"); } break;
        case "tyres": this.tyres.set(car, { compound: String(a.compound ?? ""), age: typeof a.age_laps === "number" ? a.age_laps : 0, lap: this.car_lap.get(car) ?? 0 }); break;
        case "pit_entry": this.inPit.set(car, true); break;
        case "pit_exit": this.inPit.set(car, false); this.stops.set(car, (this.stops.get(car) ?? 0) + 1); break;
        case "retirement": this.out.add(car); break;
        case "corner": if (typeof a.corner === "number") this.corners.set(event.id, a.corner); while (this.corners.size > 4000) this.corners.delete(this.corners.keys().next().value); break;
        case "finish": this.over = true; break;
      }
    }
  }
  get flag() { return FLAGS[this.status] ?? ""; }
  get words() { return this.over ? "finish" : this.flag || (this.lap ? "green flag" : "formation"); }
  /** {letter, name, age} of what a car runs on; null before it was reported. */
  tyre(car) {
    const stored = this.tyres.get(car);
    if (!stored) return null;
    return { letter: stored.compound.slice(0, 1).toUpperCase(), name: stored.compound, age: stored.age + Math.max(0, (this.car_lap.get(car) ?? stored.lap) - stored.lap) };
  }
}
