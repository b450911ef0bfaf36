// Code generated from the list of web/page; DO NOT EDIT.

import { panel as lessons } from "./lessons/index.js";
import { panel as lesson } from "./lesson/index.js";
import { panel as outOfMemory } from "./out-of-memory/index.js";
import { panel as scheduleCompare } from "./schedule-compare/index.js";
import { panel as branches } from "./branches/index.js";
import { panel as take } from "./take/index.js";
import { panel as real } from "./real/index.js";
import { panel as variants } from "./variants/index.js";
import { panel as answers } from "./answers/index.js";
import { panel as toPlots } from "./to-plots/index.js";

/** In the order in which they are painted. */
export const panels = [lessons, lesson, outOfMemory, scheduleCompare, branches, take, real, variants, answers, toPlots];
