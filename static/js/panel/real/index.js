// The same run at real size: what a published model would pay on a device.

import { number, sentences, si } from "../../format.js";
import { total, unitOf } from "../../facts/counters.js";
import { line, parts } from "../../ui/dom.js";

/** @import { Frame, Host, Integer, Panel, Real, State, T } from "../../types.js" */

const ROWS = /** @type {const} */ (["kv_write_bytes", "kv_read_bytes", "kv_bytes", "weight_bytes"]);

/** @type {Panel} */
export const panel = { id: "real", offline: false, create };

/** @param {HTMLElement} root @param {Host} host */
function create(root, { act }) {
  const of = parts(root);
  const [model, device] = ["model", "device"].map((what) => /** @type {HTMLSelectElement} */ (of(what)));
  root.addEventListener("change", () => act.real(model.value && `${model.value}@${device.value}`));
  let shown = /** @type {{frame: Frame, t: T}|null} */ (null);

  /** @param {State} state */
  return function view({ frame, t, recorded }) {
    root.hidden = !!recorded; // a handout has no one who could count again
    if (!frame || recorded || (shown?.frame === frame && shown.t === t)) return;
    shown = { frame, t };
    const [m = "", d = ""] = (frame.meta.pick.real ?? "").split("@");
    choose(model, m);
    if (d) choose(device, d);
    of("on").hidden = !m;
    const real = frame.meta.real;
    of("body").hidden = !real;
    of("several").hidden = !m || !!real || !frame.meta.step;
    if (real) fill(real, frame, t);
  };

  /** @param {Real} real @param {Frame} frame @param {T} t */
  function fill(real, frame, t) {
    const args = {
      Model: real.model,
      Device: real.device,
      Here: si(frame.meta.kv.bytes_per_token, "B"),
      There: si(real.bytes_per_token, "B"),
      Tokens: number(real.pays_from),
    };
    of("says").textContent =
      t("real.says", args) + " " + t(real.peak ? (args.Tokens ? "real.pays" : "real.never") : "real.unknown", args);
    fillRoom(of("room"), of("wall"), real, t);
    const unit = unitOf(frame);
    /** @type {[string, string, string, Integer][]} name, both lanes, and exactly what the first pays */
    const rows = /** @type {const} */ (["step", "total"]).flatMap((span) => {
      const { cached, uncached } = real[span];
      if (!cached || !uncached) return [];
      const say = (/** @type {string} */ id) => t("real.row", { Span: t(`ledger.${span}`), What: t(id) });
      return /** @type {typeof rows} */ ([
        [say("real.flops"), si(total(cached), unit), si(total(uncached), unit), total(cached)],
        ...ROWS.map((key) => [
          say(`real.${key}`),
          si(cached[key] ?? 0, "B"),
          si(uncached[key] ?? 0, "B"),
          cached[key] ?? 0,
        ]),
      ]);
    });
    const { cached, uncached } = real.least;
    if (cached && uncached)
      rows.push([t("real.seconds"), si(cached.seconds, "s"), si(uncached.seconds, "s"), cached.seconds]);
    of("rows").replaceChildren(
      ...rows.map(([name, a, b, exact]) => {
        const tr = line([name, a, b]);
        tr.dataset.value = String(exact);
        return tr;
      }),
    );
    of("formula").textContent =
      (real.plain
        ? t("real.formula", {
            Layers: real.layers,
            Heads: real.kv_heads,
            Dim: real.head_dim,
            Bytes: real.bytes_per_token,
          }) + " "
        : "") +
      t("real.time", {
        Peak: real.peak ? si(real.peak, "FLOP/s") : "–",
        Bandwidth: si(real.bandwidth, "B/s"),
        Bound: t(`real.bound.${cached?.bound}`),
      });
  }
}

/**
 * The device's memory as a wall.
 * @param {HTMLElement} bar
 * @param {HTMLElement} says
 * @param {Real} real
 * @param {T} t
 */
function fillRoom(bar, says, real, t) {
  const [memory, weights, acts, cache] = [
    real.room.memory,
    real.room.weights,
    real.room.acts,
    real.total.cached?.kv_bytes ?? 0,
  ].map(number);
  for (const [part, bytes] of /** @type {[string, number][]} */ ([
    ["weights", weights],
    ["acts", acts],
    ["used", cache],
  ])) {
    /** @type {HTMLElement} */ (bar.querySelector("." + part)).style.setProperty(
      "width",
      `${Math.min(100, (100 * bytes) / memory)}%`,
    );
  }
  const sizes = t("real.wall.says", {
    Weights: si(weights, "B"),
    Acts: si(acts, "B"),
    Cache: si(cache, "B"),
    Memory: si(memory, "B"),
  });
  const full = number(real.room.full);
  const when =
    weights >= memory
      ? t("real.wall.none")
      : full
        ? t("real.wall.full", { Token: full })
        : t("real.wall.model", { Context: real.room.context });
  bar.setAttribute("aria-label", sizes);
  says.textContent = sentences(t("real.wall", { Device: real.device }), sizes, when);
}

/** A link may name one that is not on the list. @param {HTMLSelectElement} select @param {string} value */
function choose(select, value) {
  if (![...select.options].some((o) => o.value === value)) select.add(new Option(value, value));
  select.value = value;
}
