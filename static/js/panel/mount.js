// Makes the panels that a page or a handout has, and lets the store paint them.

import { paintTogether } from "../state/store.js";
import { watchSight } from "../ui/width.js";

/** @import { Host, Panel, View } from "../types.js" */

/**
 * @param {(Panel|undefined)[]} panels in the order in which they are painted; a handout's file lacks those that need a
 * server
 * @param {Host} host
 */
export function mount(panels, host) {
  /** @type {View[]} */
  let views = [];
  let away = /** @type {(() => boolean)[]} */ ([]);
  for (const panel of panels) {
    if (!panel || !(host.live ? (panel.online ?? true) : panel.offline)) continue;
    const root = document.getElementById(panel.id);
    if (!root) throw new Error(`no element for the panel ${panel.id}`);
    views.push(panel.create(root, host));
    away.push(watchSight(root));
    if (panel.withNext) continue;
    const all = away;
    host.store.subscribe(paintTogether(...views), () => all.every((is) => is()));
    [views, away] = [[], []];
  }
}
