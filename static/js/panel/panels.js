// Code generated from the list of web/page; DO NOT EDIT.

import { panel as chrome } from "./chrome/index.js";
import { panel as present } from "./present/index.js";
import { panel as held } from "./held/index.js";
import { panel as transport } from "./transport/index.js";
import { panel as sentence } from "./sentence/index.js";
import { panel as bars } from "./bars/index.js";
import { panel as sequencePicker } from "./sequence-picker/index.js";
import { panel as pickers } from "./pickers/index.js";
import { panel as waiting } from "./waiting/index.js";
import { panel as speculation } from "./speculation/index.js";
import { panel as timeline } from "./timeline/index.js";
import { panel as stage } from "./stage/index.js";
import { panel as ops } from "./ops/index.js";
import { panel as cacheless } from "./cacheless/index.js";
import { panel as inside } from "./inside/index.js";
import { panel as explain } from "./explain/index.js";
import { panel as cache } from "./cache/index.js";
import { panel as scope } from "./scope/index.js";
import { panel as table } from "./table/index.js";
import { panel as recipe } from "./recipe/index.js";
import { panel as loading } from "./loading/index.js";
import { panel as breaks } from "./breaks/index.js";
import { panel as memory } from "./memory/index.js";
import { panel as schedule } from "./schedule/index.js";
import { panel as beams } from "./beams/index.js";
import { panel as batchCache } from "./batch-cache/index.js";
import { panel as tokens } from "./tokens/index.js";
import { panel as allHeads } from "./all-heads/index.js";
import { panel as sampling } from "./sampling/index.js";
import { panel as ledger } from "./ledger/index.js";
import { panel as lanes } from "./lanes/index.js";
import { panel as history } from "./history/index.js";
import { panel as counters } from "./counters/index.js";
import { panel as details } from "./details/index.js";
import { panel as card } from "./card/index.js";

/** In the order in which they are painted. */
export const panels = [
  chrome,
  present,
  held,
  transport,
  sentence,
  bars,
  sequencePicker,
  pickers,
  waiting,
  speculation,
  timeline,
  stage,
  ops,
  cacheless,
  inside,
  explain,
  cache,
  scope,
  table,
  recipe,
  loading,
  breaks,
  memory,
  schedule,
  beams,
  batchCache,
  tokens,
  allHeads,
  sampling,
  ledger,
  lanes,
  history,
  counters,
  details,
  card,
];
