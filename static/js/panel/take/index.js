// The menu of what can be taken away: links, pictures, data, the run.

import { createPicture, linkOf, matrices } from "./picture.js";
import { createPrint } from "./print.js";
import { address } from "../../state/url.js";
import { copy, save as write } from "../../ui/save.js";
import { sizeOf } from "./sizes.js";

/** @import { Frame, Host, Meta, Panel, Size } from "../../types.js" */

/** @param {Meta} meta @param {string} end */
export function fileName({ run, step, pick }, end) {
  const model = run.model.replace(/[^A-Za-z0-9._-]+/g, "_");
  return `kvstep-${model}-${step ? `step${step.n}` : "start"}-layer${pick.layer}-head${pick.head}${end}`;
}

/** The name that an answer gives its file, in whatever script. @param {string} header */
function nameIn(header) {
  const [, coded] = /filename\*=UTF-8''([^;]+)/.exec(header) ?? [];
  return coded ? decodeURIComponent(coded) : /filename="([^"]+)"/.exec(header)?.[1];
}

/** @type {Panel} */
export const panel = { id: "take", offline: true, create };

/** @param {HTMLDetailsElement} root @param {Host} host */
function create(root, host) {
  const { store, act, live } = host;
  const status = /** @type {HTMLElement} */ (root.querySelector("[data-status]"));
  const sizes = /** @type {HTMLElement} */ (root.querySelector("[data-sizes]"));
  const dialog = /** @type {HTMLDialogElement} */ (document.getElementById("qr"));
  dialog.querySelector("[data-close]")?.addEventListener("click", () => dialog.close());
  const moment = () => /** @type {Frame} */ (store.get().frame); // nothing is made before there is one
  const query = () => address(moment().meta.link, store.get().lang);

  const picture = createPicture(store);
  const pages = document.getElementById("print");
  if (pages) createPrint(pages, host);
  /** @param {boolean} whole all panels, or only the figure */
  const drawn = (whole) => {
    if (!whole) return picture([matrices()]);
    return picture([...document.querySelectorAll("#view, main > .columns")], { controls: true });
  };

  /** @type {Record<string, () => Promise<string>>} each answers with what to say */
  const kinds = {
    link: () => copy(linkOf(store.get()), store.get().t),
    async qr() {
      const image = /** @type {HTMLImageElement} */ (dialog.querySelector("img"));
      const response = await fetch("/take/qr" + query());
      if (!response.ok) throw await response.text();
      image.src = URL.createObjectURL(await response.blob());
      /** @type {HTMLElement} */ (dialog.querySelector("[data-link]")).textContent = linkOf(store.get());
      dialog.showModal();
      return "";
    },
    svg: async () => save(fileName(moment().meta, ".svg"), new Blob([drawn(false).svg], { type: "image/svg+xml" })),
    png: async () => save(fileName(moment().meta, ".png"), await raster(drawn(false))),
    "page-svg": async () =>
      save(fileName(moment().meta, "-page.svg"), new Blob([drawn(true).svg], { type: "image/svg+xml" })),
    "page-png": async () => save(fileName(moment().meta, "-page.png"), await raster(drawn(true))),
    csv: () => served("csv"),
    html: () => served("html"),
    jsonl: () => served("jsonl"),
    safetensors: () => served("safetensors"),
  };

  /** What the server makes by running the link again. @param {string} kind */
  async function made(kind) {
    const link = new URLSearchParams(query());
    link.set("to", String(moment().meta.run.recorded - 1));
    const response = await fetch(`/take/${kind}?${link}`);
    if (!response.ok) throw await response.text();
    return response;
  }

  /** Says how large the files of the run so far will be, before one is made. */
  async function tellSizes() {
    const { recorded } = moment().meta.run;
    try {
      const all = /** @type {Record<string, Size>} */ (await (await made("sizes")).json());
      const { t } = store.get();
      sizes.textContent = Object.entries(all)
        .map(([kind, size]) => sizeOf(t(`take.${kind}`), size, recorded, t))
        .join(" ");
    } catch {
      // whoever takes one away hears why it cannot be
      sizes.textContent = "";
    }
  }

  /** A file that the server makes. @param {string} kind */
  async function served(kind) {
    const response = await made(kind);
    const name = nameIn(response.headers.get("Content-Disposition") ?? "") ?? `kvstep.${kind}`;
    return save(name, await response.blob());
  }

  const save = (/** @type {string} */ name, /** @type {Blob} */ blob) => write(name, blob, store.get().t);

  root.addEventListener("click", async (e) => {
    const kind = /** @type {HTMLElement} */ (/** @type {HTMLElement} */ (e.target).closest("[data-take]"))?.dataset
      .take;
    if (!kind || !store.get().frame) return;
    status.textContent = store.get().t("take.making");
    try {
      status.textContent = await kinds[kind]();
    } catch (problem) {
      status.textContent = store.get().t("take.failed");
      if (typeof problem === "string" && problem.startsWith("{")) act.problem(problem);
    }
  });
  root.addEventListener("toggle", () => {
    status.textContent = sizes.textContent = "";
    if (live && root instanceof HTMLDetailsElement && root.open && store.get().frame) tellSizes();
  });
  return () => {};
}

/** @param {{svg: string, width: number, height: number}} drawn @returns {Promise<Blob>} twice as fine as the screen */
async function raster({ svg, width, height }) {
  const image = new Image(width, height);
  image.src = "data:image/svg+xml;charset=utf-8," + encodeURIComponent(svg);
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(2 * width);
  canvas.height = Math.round(2 * height);
  canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((done, fail) =>
    canvas.toBlob((blob) => (blob ? done(blob) : fail(new Error("no picture"))), "image/png"),
  );
}
