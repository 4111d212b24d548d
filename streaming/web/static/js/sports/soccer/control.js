/* Who gets to a place first, drawn from the positions on the screen: time to intercept with a reaction at the present velocity and
   then top speed, and a logistic of the difference (after Spearman 2018). A picture beside the stat, not the stat. */

export const GRID = [50, 32];
const REACTION_S = 0.7, SPEED_MPS = 7.0, SPREAD_S = 0.45;

/** (50 x 32) share of the home team, rows from the top of the screen. */
export function controlField(players, ball, length, width) {
  const [n, m] = GRID, out = new Float32Array(n * m);
  for (let j = 0; j < m; j++) {
    const y = width / 2 - ((j + 0.5) * width) / m;
    for (let i = 0; i < n; i++) {
      const x = -length / 2 + ((i + 0.5) * length) / n;
      let home = 1e3, away = 1e3;
      for (const p of players) {
        if (p.side < 0) continue;
        const vx = p.v ? p.v[0] : 0, vy = p.v ? p.v[1] : 0;
        const t = REACTION_S + Math.hypot(x - p.x - vx * REACTION_S, y - p.y - vy * REACTION_S) / SPEED_MPS;
        if (p.side === 0) home = Math.min(home, t); else away = Math.min(away, t);
      }
      out[j * n + i] = 1 / (1 + Math.exp((home - away) / SPREAD_S));
    }
  }
  return out;
}
