// What stands around the matrices of the stage: token names, hatching over what is computed again, the
// shelf's bracket, ghosts of old queries, the signs of the formula, and between the lanes what of them is equal.

import { along, bracket, sign, text, thin } from "../../ui/axes.js";
import { guesses, onStage } from "../../facts/token-names.js";
import { blank, show } from "../../ui/canvas.js";
import { plateName } from "../../facts/matrices.js";

/** @import { Box, Frame, LaneName, Plate, T, Theme } from "../../types.js" */
/** @import { Drawn } from "../../facts/matrices.js" */

/**
 * @param {HTMLCanvasElement} canvas @param {ReturnType<typeof import("./layout.js").stage>} layout
 * @param {Drawn[]} lanes @param {Frame} frame @param {Theme} theme @param {T} t
 */
export function around(canvas, layout, lanes, frame, theme, t) {
  const ctx = blank(canvas, layout.width, layout.height);
  show(canvas, layout);
  const from = frame.meta.pick_step ?? frame.meta.step;
  if (!ctx || !from) return;
  const labels = onStage(frame);
  const c = theme.colors;
  ctx.font = theme.font;
  ctx.textBaseline = "middle";
  const high = parseFloat(theme.font) + 1; // pixels that a name takes
  for (const lane of lanes) {
    const plate = (/** @type {string} */ op) => layout.plates[plateName(lane.lane, op)];
    const Q = plate("Q");
    const first = lane.lane === "cached" ? from.cached : 0;
    const position = (/** @type {number} */ i) => lane.shown?.[i] ?? first + i;
    ctx.textAlign = "right";
    thin(lane.rows, Q.h / lane.rows, high, (i, y) =>
      text(ctx, labels[position(i)], Q.x - 8, Q.y + y, layout.label - 12, i < lane.cached ? c.muted : c.ink),
    );
    signs(ctx, plate, c);
    frameLane(ctx, plate, lane, c);
  }
  columns(ctx, layout, lanes[0], labels, from.cached, theme);
  const shelved = lanes.some((l) => l.lane === "cached");
  if (shelved) shelf(ctx, layout, from.cached, frame, theme, t);
  if (shelved && lanes.length > 1) meet(ctx, layout, frame, from.cached, theme, t);
}

/**
 * Token names over the columns of the first lane, turned.
 * @param {CanvasRenderingContext2D} ctx @param {ReturnType<typeof import("./layout.js").stage>} layout
 * @param {Drawn} lane @param {string[]} labels @param {number} cached @param {Theme} theme
 */
function columns(ctx, layout, lane, labels, cached, theme) {
  const [K, S] = ["K", "scores"].map((op) => layout.plates[plateName(lane.lane, op)]);
  const y = Math.min(K.y, S.y) - 6;
  const apart = K.w / K.cols;
  const size = parseFloat(theme.font);
  thin(K.cols, apart, size + 1, (j, x) => {
    const p = lane.shown?.[j] ?? j;
    along(ctx, labels[p], K.x + x, y, layout.names - 8, p < cached ? theme.colors.muted : theme.colors.ink);
  });
  ctx.font = theme.font;
}

/**
 * The signs of softmax(Q K^T / sqrt(d)) V.
 * @param {CanvasRenderingContext2D} ctx @param {(op: string) => Plate} plate @param {Record<string, string>} c
 */
function signs(ctx, plate, c) {
  const [Q, S, A, O] = ["Q", "scores", "probs", "out"].map(plate);
  ctx.fillStyle = c.muted;
  ctx.textAlign = "center";
  const y = S.y + S.h / 2;
  sign(ctx, "=", (Q.x + Q.w + S.x) / 2, y); // K^T stands over or under S, and V so beside O
  sign(ctx, "→", (S.x + S.w + A.x) / 2, y);
  sign(ctx, "=", (A.x + A.w + O.x) / 2, y);
}

/**
 * A rule in the lane's colour beside its matrices.
 * @param {CanvasRenderingContext2D} ctx @param {(op: string) => Plate} plate @param {Drawn} lane
 * @param {Record<string, string>} c
 */
function frameLane(ctx, plate, lane, c) {
  const [Q, K] = [plate("Q"), plate("K")];
  const top = Math.min(Q.y, K.y);
  ctx.fillStyle = c[lane.lane];
  ctx.fillRect(0, top, 3, Math.max(Q.y + Q.h, K.y + K.h) - top);
}

/**
 * Under K^T and V of the lane with a cache: what came from the shelf, and what this pass puts there.
 * @param {CanvasRenderingContext2D} ctx @param {ReturnType<typeof import("./layout.js").stage>} layout
 * @param {number} cached @param {Frame} frame @param {Theme} theme @param {T} t
 */
function shelf(ctx, layout, cached, frame, theme, t) {
  const { K, V } = layout.plates;
  const c = theme.colors;
  bracket(ctx, [K.x, K.y + K.h + 3], [K.w, 0], cached, K.cols, c);
  bracket(ctx, [V.x + V.w + 4, V.y], [0, V.h], cached, V.rows, c);
  const y = K.y + K.h + 5 + parseFloat(theme.font) * 0.75;
  const said = { cached: t("legend.cached"), fresh: fresh(frame, t) };
  const wide = (/** @type {string} */ s) => ctx.measureText(s).width;
  ctx.textAlign = "left";
  let x = K.x;
  if (cached) {
    ctx.fillStyle = c.cached;
    ctx.fillText(said.cached, x, y);
    x += wide(said.cached) + 14;
  }
  ctx.fillStyle = c.fresh;
  ctx.fillText(said.fresh, Math.max(x, K.x + K.w - wide(said.fresh)), y);
}

/** What the new rows are. @param {Frame} frame @param {T} t */
function fresh(frame, t) {
  const proposed = guesses(frame).length;
  const { rows = 0, pass = 0 } = frame.meta.pick_step ?? {}; // the layer on screen may not have run in the current pass
  return proposed
    ? t("legend.new_proposed", { Fed: rows - proposed, Proposed: proposed })
    : t("stage.new", { Pass: pass });
}

/**
 * Between the lanes: that each op's new rows are equal, or not; over Q the old queries' ghosts.
 * @param {CanvasRenderingContext2D} ctx @param {ReturnType<typeof import("./layout.js").stage>} layout
 * @param {Frame} frame @param {number} cached @param {Theme} theme @param {T} t
 */
function meet(ctx, layout, frame, cached, theme, t) {
  const c = theme.colors;
  const { without } = frame.meta;
  const y = layout.plates.Q.y - layout.middle / 2;
  if (!without || without.source === "none") return;
  ctx.textAlign = "center";
  ctx.font = `600 ${Math.round(theme.em)}px ${theme.font.replace(/^.*px /, "")}`;
  for (const op of ["scores", "probs", "out", ...(cached ? [] : ["Q"])]) {
    const p = layout.plates[op];
    const equal = !without.differs?.includes(op);
    ctx.fillStyle = equal ? c.good : c.bad;
    ctx.fillText(equal ? "=" : "≠", p.x + p.w / 2, y);
  }
  ctx.font = theme.font;
  if (!cached) return;
  ghosts(ctx, layout.plates.Q, layout.middle, c);
  ctx.textAlign = "right";
  if (!layout.narrow) text(ctx, t("stage.ghosts"), layout.plates.Q.x - 8, y, layout.label - 14, c.muted);
}

/**
 * Old rows of Q, which this lane does not have: each was asked once.
 * @param {CanvasRenderingContext2D} ctx @param {Plate} Q @param {number} room @param {Record<string, string>} c
 */
function ghosts(ctx, Q, room, c) {
  const tall = (room - 6) / 3;
  ctx.strokeStyle = c.hatch;
  ctx.setLineDash([2, 2]);
  ctx.lineWidth = 1;
  for (let i = 0; i < 3; i++) {
    ctx.globalAlpha = 0.35 + 0.25 * i;
    ctx.strokeRect(Q.x + 0.5, Math.round(Q.y - room + 2 + i * tall) + 0.5, Q.w - 1, Math.max(tall - 2, 2));
  }
  ctx.globalAlpha = 1;
  ctx.setLineDash([]);
}
