// The cost of both lanes, always in view: bars of this step, of its pass or of the run,
// how much longer one is than the other, and whether both gave the same bits.

import { LANES } from "../../facts/lanes.js";
import { lampSays } from "../../facts/equality.js";
import { draftPaid, needed, same, times, total, unitOf } from "../../facts/counters.js";
import { percent, si } from "../../format.js";
import { bars, parts } from "../../ui/dom.js";
import { say, withTerms } from "../../ui/terms.js";

/** @import { Frame, Host, Panel, State, T } from "../../types.js" */

/** @typedef {"step"|"pass"|"total"} Span a scope of the ledger */

/** @type {Panel} */
export const panel = { id: "bars", offline: true, create };

/** @param {HTMLElement} root @param {Host} host */
function create(root, { act }) {
  const part = parts(root);
  let span = /** @type {Span} */ ("pass"); // until the person says otherwise
  root.addEventListener("change", (e) => {
    span = /** @type {Span} */ (/** @type {HTMLInputElement} */ (e.target).value);
    act.repaint();
  });
  /** @param {State} state */
  return function view({ frame, t }) {
    if (!frame) return;
    const other = span === "total" ? "pass" : "total";
    part("title").textContent = title(frame, span, t);
    part("other").textContent = spanned(frame, other, t); // that it is of the model alone has been said above
    draw(part("pair"), frame, span, t);
    draw(part("second"), frame, other, t);
    part("ratio").textContent = says(frame, span, t);
    const lamp = lampSays(frame.meta, withTerms(t));
    part("lamp").dataset.state = lamp.state;
    say(part("equal"), lamp.says);
  };
}

/** What the bars sum up, and of whom. @param {Frame} frame @param {Span} span @param {T} t */
export function title(frame, span, t) {
  const Span = spanned(frame, span, t);
  return draftPaid(frame.meta, span) ? t("bars.model", { Span }) : Span;
}

/** What the bars sum up. @param {Frame} frame @param {Span} span @param {T} t */
function spanned({ meta }, span, t) {
  const { step, run } = meta;
  const whole = { step: true, pass: step?.part === "head", total: !!run.ended && step?.n === run.recorded - 1 }[span];
  return t(`bars.${span}${whole || !step ? "" : ".part"}`);
}

/** How the lanes compare, in one line. @param {Frame} frame @param {Span} span @param {T} t */
export function says(frame, span, t) {
  const { ledger, step } = frame.meta;
  const lanes = ledger[span];
  const Ratio = times(lanes);
  if (!step) return "";
  const draft = draftPaid(frame.meta, span);
  if (draft) return t(Ratio ? "bars.draft" : "bars.draft.one", { Ratio, Draft: si(draft, unitOf(frame)) });
  if (same(lanes)) return t("bars.same");
  if (Ratio) return t(lanes.uncached?.untimed ? "bars.ratio.counted" : "bars.ratio", { Ratio });
  const all = total(lanes.uncached);
  return all ? t("bars.again", { Share: percent(1 - total(needed(lanes)) / all) }) : "";
}

/**
 * A bar for each lane: solid is what a cache leaves to do, hatched what is computed again.
 * @param {HTMLElement} root @param {Frame} frame @param {Span} span @param {T} t
 */
function draw(root, frame, span, t) {
  const lanes = frame.meta.ledger[span];
  const longest = Math.max(total(lanes.cached), total(lanes.uncached), 1);
  for (const lane of LANES) {
    const paid = total(lanes[lane]);
    const solid = Math.min(paid, total(needed(lanes) ?? lanes[lane]));
    const out = /** @type {HTMLElement} */ (root.querySelector(`[data-flops="${lane}"]`));
    const line = /** @type {HTMLElement} */ (root.querySelector(`[data-bar="${lane}"]`));
    const off = !lanes[lane] && !!frame.meta.step;
    out.textContent = off ? t("bars.off") : frame.meta.step ? si(paid, unitOf(frame)) : "–";
    out.dataset.value = String(paid);
    line.toggleAttribute("hidden", off); // an empty bar would say that nothing was paid
    bars(
      line,
      [solid, paid - solid].flatMap((share, again) =>
        share > 0 ? [{ share: share / longest, attributes: { class: `part${again ? " again" : ""}` } }] : [],
      ),
    );
  }
}
