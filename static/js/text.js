// Looks messages up in the catalogue of web/text and fills their placeholders.

/** @typedef {Record<string, string | {one?: string, other: string}>} Messages */
/** @typedef {(id: string, args?: Record<string, any>) => string} T */

/** How a model is built where models differ: run.parts of a frame. @typedef {{norm: string, mlp: string, positions: string}} Parts */

/** @type {Parts} what the messages are about that name no part */
const LLAMA = { norm: "rmsnorm", mlp: "swiglu", positions: "rope" };

/** What depends on which part, by the end of a message's id. @type {Record<string, keyof Parts>} */
const PART = { norm1: "norm", norm2: "norm", norm3: "norm", up: "mlp", act: "mlp", q: "positions", k: "positions", Q: "positions", k_rope: "positions", rope: "positions" };

/**
 * Of "sym.act" and "sym.act.gelu" it takes the one about the model at hand.
 * @param {Messages} messages @param {string} lang @param {Parts} [parts]
 * @returns {T}
 */
export function translator(messages, lang, parts = LLAMA) {
  const plural = new Intl.PluralRules(lang);
  return (id, args = {}) => {
    let message = messages[`${id}.${parts[PART[id.slice(id.lastIndexOf(".") + 1)]]}`] ?? messages[id];
    if (message === undefined) return id;
    if (typeof message !== "string") {
      message = (plural.select(Number(args.Count)) === "one" && message.one) || message.other;
    }
    return message.replace(/\{\{\s*\.(\w+)\s*\}\}/g, (_, name) => show(args[name], lang));
  };
}

/** @param {any} value @param {string} lang */
function show(value, lang) {
  if (Array.isArray(value)) return value.join(lang === "zh" ? "、" : ", ");
  return typeof value === "number" ? value.toLocaleString(lang) : String(value ?? "");
}
