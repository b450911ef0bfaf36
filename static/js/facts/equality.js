// The lamp: do both lanes give the same bits? Under a policy that changes the
// output by design it says calmly what changed; under any other it is an alarm.

import { cell as short } from "../format.js";
import { hasLane } from "./lanes.js";
import { where } from "./where.js";

/** @import { Effect, Meta, Step, T } from "../types.js" */

/** The ops that a run compares, by what they are called in a trace: what people call them. */
const NAMES = /** @type {Record<string, string>} */ ({
  norm: "norm1",
  Q: "q",
  K: "k_rope",
  V: "v",
  softmax: "probs",
  "weighted V": "out",
  output: "proj",
  residual: "mid",
  "norm 2": "norm2",
  "residual 2": "next",
  "cached K": "K",
  "cached V": "V",
});

/** Where the lanes differ first in the pass of a step. @param {Step} step */
const place = ({ pass, phase, layer, first }) => ({ pass, phase, layer: first ? first.layer : layer });

/** The op at which they do. @param {Step} step @param {T} t */
function opOf({ first, differs }, t) {
  const op = first?.op ?? differs;
  return t(op === "scores" ? "op.scores" : `name.${NAMES[op] ?? op}`);
}

/** Its layer, or the output. @param {Step} step @param {T} t */
const placeOf = (step, t) => {
  const { layer } = place(step);
  return layer === null ? t("where.head") : t("where.layer", { Layer: layer });
};

/** @typedef {{state: "off"|"same"|"differs"|"policy"|"counted", says: string, more: string}} Lamp */

/** @param {Meta} meta of a frame @param {T} t @returns {Lamp} */
export function lampSays(meta, t) {
  const { step, run, effect } = meta;
  if (!hasLane(run.recipe.lanes, "cached") || !hasLane(run.recipe.lanes, "uncached"))
    return { state: "off", says: t("lamp.one"), more: "" }; // nothing to compare with
  if (!step) return { state: "off", says: t("lamp.off"), more: "" };
  if (step.compared !== undefined) return waitSays(step, step.compared, run.policy.exact ? null : effect, t);
  if (run.policy.exact) {
    return step.identical
      ? { state: "same", says: t("lamp.same"), more: "" }
      : {
          state: "differs",
          says: t("lamp.differs", { Op: opOf(step, t), Where: where(place(step), t, meta) }),
          more: "",
        };
  }
  const here =
    !step.first && step.identical
      ? t("lamp.policy.here")
      : t("lamp.policy", { Op: opOf(step, t), Where: placeOf(step, t) });
  const after = effect
    ? [
        t("lamp.delta", { Delta: short(effect.max_delta) }),
        effect.changed === null ? t("lamp.text.same") : t("lamp.text.changed", { N: effect.changed }),
      ]
    : [];
  const long = effect ? t("lamp.long", { KL: short(effect.kl), Token: effect.label }) : "";
  return {
    state: step.identical && !step.first && !effect?.max_delta ? "same" : "policy",
    says: here,
    more: after.length ? `${t("lamp.after", { What: after.join(t("list.and")) })} ${long}` : "",
  };
}

/**
 * The lane without a cache waits: what was proved, and from where on nothing is.
 * @param {Step} step @param {number} compared tokens @param {Effect|null|undefined} effect the last that was compared;
 * null under an exact policy
 * @param {T} t @returns {Lamp}
 */
function waitSays(step, compared, effect, t) {
  const state = "counted";
  if (effect === null) {
    if (step.differed) return { state: "differs", says: t("lamp.differed", { Count: compared }), more: "" };
    if (!compared) return { state: "off", says: t("lamp.counted.none"), more: "" }; // the prompt alone was too long
    return { state, says: t("lamp.counted", { Count: compared }), more: "" };
  }
  if (!effect) return { state: "off", says: t("lamp.counted.policy.none"), more: "" };
  const text = effect.changed === null ? t("lamp.text.until") : t("lamp.text.changed", { N: effect.changed });
  return {
    state,
    says: t("lamp.compared", { Count: compared }),
    more: [
      t("lamp.counted.policy", { Count: compared, Delta: short(effect.max_delta), Text: text }),
      t("lamp.long.until", { Pass: effect.pass, KL: short(effect.kl), Token: effect.label }),
    ].join(" "),
  };
}
