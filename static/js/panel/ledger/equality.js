// The lamp: do both lanes give the same bits? Under a policy that changes the
// output by design it says calmly what changed; under any other it is an alarm.

import { cell as short } from "../../format.js";
import { where } from "../../facts/where.js";

/** @import { Meta, T } from "../../types.js" */

/**
 * @param {Meta} meta of a frame @param {T} t
 * @returns {{state: "off"|"same"|"differs"|"policy", says: string, more: string}}
 */
export function lampSays(meta, t) {
  const { step, run, effect } = meta;
  if (run.recipe.lanes !== "both") return { state: "off", says: t("lamp.one"), more: "" }; // nothing to compare with
  if (!step) return { state: "off", says: t("lamp.off"), more: "" };
  if (run.policy.exact) {
    return step.identical
      ? { state: "same", says: t("lamp.same"), more: "" }
      : { state: "differs", says: t("lamp.differs", { Op: step.differs, Where: where(step, t, meta) }), more: "" };
  }
  const here = step.identical ? t("lamp.policy.here") : t("lamp.policy", { Op: step.differs });
  const after = effect
    ? [
        t("lamp.delta", { Delta: short(effect.max_delta) }),
        effect.changed === null ? t("lamp.text.same") : t("lamp.text.changed", { N: effect.changed }),
      ]
    : [];
  return {
    state: step.identical && !effect?.max_delta ? "same" : "policy",
    says: [here, ...after].join(t("list.and")),
    more: effect ? t("lamp.long", { KL: short(effect.kl), Token: effect.label }) : "",
  };
}

/** @param {HTMLElement} root @param {HTMLElement} more */
export function createLamp(root, more) {
  const says = /** @type {HTMLElement} */ (root.querySelector("[data-says]"));
  return function view(/** @type {Meta} */ meta, /** @type {T} */ t) {
    const lamp = lampSays(meta, t);
    root.dataset.state = lamp.state;
    if (says.textContent !== lamp.says) says.textContent = lamp.says;
    more.textContent = lamp.more;
    more.hidden = !lamp.more;
  };
}
