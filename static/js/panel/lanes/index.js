// The switch of the lane without a cache, where one sees what it costs.

import { createLaneSwitch } from "../../ui/lane-switch.js";

/** @import { Host, Panel } from "../../types.js" */

/** @type {Panel} */
export const panel = { id: "lanes", offline: false, create };

/** @param {HTMLElement} root @param {Host} host */
function create(root, { act }) {
  return createLaneSwitch(root, act).view;
}
