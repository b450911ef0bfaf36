// Looks messages up in the catalogue of web/text and fills their placeholders.

/** @typedef {Record<string, string | {one?: string, other: string}>} Messages */
/** @typedef {string|number|null|undefined} Word what stands in a placeholder */
/** @typedef {Record<string, Word|Word[]>} Args */
/**
 * Words a message; marked is the same with the marks of terms in it, for ui/terms.js to write.
 * @typedef {((id: string, args?: Args) => string) & {marked?: (id: string, args?: Args) => string}} T
 */

/**
 * How a model is built where models differ: run.parts of a frame.
 * @typedef {{norm: string, mlp: string, positions: string}} Parts
 */

/** @type {Parts} what the messages are about that name no part */
const LLAMA = { norm: "rmsnorm", mlp: "swiglu", positions: "rope" };

/** What depends on which part, by the end of a message's id. @type {Record<string, keyof Parts>} */
const PART = {
  norm1: "norm",
  norm2: "norm",
  norm3: "norm",
  up: "mlp",
  act: "mlp",
  q: "positions",
  k: "positions",
  Q: "positions",
  k_rope: "positions",
  rope: "positions",
};

/**
 * Of "sym.act" and "sym.act.gelu" it takes the one about the model at hand.
 * @param {Messages} messages @param {string} lang @param {Parts} [parts]
 * @returns {T}
 */
export function translator(messages, lang, parts = LLAMA) {
  const plural = new Intl.PluralRules(lang);
  const numbers = new Intl.NumberFormat(lang); // to make one takes longer than to word a message
  const spoken = (/** @type {Word} */ v) => (typeof v === "number" ? numbers.format(v) : isolate(String(v ?? "")));
  const show = (/** @type {Word|Word[]} */ value) =>
    Array.isArray(value) ? value.map((v) => isolate(String(v ?? ""))).join(lang === "zh" ? "、" : ", ") : spoken(value);
  /** @param {(message: string) => string} terms what becomes of the marks of terms @returns {T} */
  const wording = (terms) => {
    /** @type {Map<string, string[]>} texts, and between them the names of what stands there */
    const cut = new Map();
    return (id, args = {}) => {
      let message = messages[`${id}.${parts[PART[id.slice(id.lastIndexOf(".") + 1)]]}`] ?? messages[id];
      if (message === undefined) return id;
      if (typeof message !== "string") {
        message = (plural.select(Number(args.Count)) === "one" && message.one) || message.other;
      }
      if (lang === "en") message = countOne(message, args);
      const pieces = cut.get(message) ?? terms(message).split(PLACEHOLDER);
      cut.set(message, pieces);
      return pieces.reduce((said, piece, i) => said + (i % 2 ? show(args[piece]) : piece), "");
    };
  };
  return Object.assign(
    wording((message) => message.replace(TERM, "$2")),
    { marked: wording((message) => message.replace(TERM, (_, id, text) => mark("term", id, text))) },
  );
}

// What English messages count, without the ends of their plurals, as web/text/counted.go has it.
const NOUNS =
  "row|one|key|byte|token|layer|head|position|number|pass|step|pair|quer|logit|block|request|sequence|" +
  "proposal|bit|time|place|product|sum|run|parameter|model|beam|read|point|sink|nat|second|bookmark|breakpoint|" +
  "tensor|file|guess|slot|character|choice|cell|fault|word|text";
const COUNTED = new RegExp(
  `(\\{\\{\\s*\\.(\\w+)\\s*\\}\\} (?!of )(?:[a-z]+ )?(?:\\[\\[[\\w-]+\\|)?)` +
    `(${NOUNS})(?:ies|e?s)\\b(\\]\\])?( are| were| have| come| meet)?`,
  "g",
);
/** @type {Record<string, string>} */
const SINGLE = { " are": " is", " were": " was", " have": " has", " come": " comes", " meet": " meets" };

/**
 * Lets every noun of an English message that the number 1 stands before, and its verb, follow that number: a message
 * may have several, and its plural forms follow one alone.
 * @param {string} message @param {Args} args
 */
const countOne = (message, args) =>
  message.replace(COUNTED, (all, before, name, noun, end = "", verb = "") =>
    /^(.*\ue001)?1\ue002?$/.test(String(args[name]))
      ? before + (noun === "quer" ? "query" : noun) + end + (SINGLE[verb] ?? "")
      : all,
  );

const PLACEHOLDER = /\{\{\s*\.(\w+)\s*\}\}/;

/** How a message marks a term of the glossary: [[kv-cache|KV cache]]. */
const TERM = /\[\[([\w-]+)\|([^\]]*)\]\]/g;

/**
 * A piece of text that is more than text, in a string: signs that no keyboard writes stand around it, so that
 * sentences can be put together as ever. MARK finds it again: its kind, its name, its text.
 * @param {"term"|"number"} kind @param {string} name @param {string} text
 */
export const mark = (kind, name, text) => `\ue000${kind}\ue001${name}\ue001${text}\ue002`;

export const MARK = /\ue000(\w+)\ue001([^\ue001]*)\ue001([^\ue002]*)\ue002/;

/**
 * What can change the direction of what is beside it: writing from right to left, and
 * the marks that turn writing round.
 */
const TURNS = new RegExp(
  "[\\u0590-\\u08ff\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069\\ufb1d-\\ufdff\\ufe70-\\ufefe" +
    "\\u{10800}-\\u{10fff}\\u{1e800}-\\u{1efff}]",
  "u",
);

const FSI = "\u2068";
const PDI = "\u2069";

/**
 * Text of a person or a file as it is put into a sentence, as web/text's Isolate does
 * it: what could turn the words around it stands between FSI and PDI, and no mark in it
 * can end that early or outlast it. Other text stays as it is.
 * @param {string} s
 */
export function isolate(s) {
  if (!TURNS.test(s)) return s;
  let open = 0;
  let out = FSI;
  for (const c of s) {
    if (/[\n\r\x1c-\x1e\x85\u2029]/.test(c)) {
      // A paragraph's end ends every isolate, so the next line begins again.
      out += PDI.repeat(open + 1) + c + FSI;
      open = 0;
    } else if (c !== PDI || open > 0) {
      if (c === PDI) open--;
      if (c >= "\u2066" && c <= FSI) open++;
      out += c;
    }
  }
  return out + PDI.repeat(open + 1);
}
