// Looks messages up in the catalogue of web/text and fills their placeholders.

/** @typedef {Record<string, string | {one?: string, other: string}>} Messages */
/** @typedef {(id: string, args?: Record<string, any>) => string} T */

/**
 * @param {Messages} messages @param {string} lang
 * @returns {T}
 */
export function translator(messages, lang) {
  const plural = new Intl.PluralRules(lang);
  return (id, args = {}) => {
    let message = messages[id];
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
