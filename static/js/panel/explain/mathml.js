// The formula of a cell with its own numbers put in, as MathML.

import { calcAt, calcOf, find, sumOf } from "./calc.js";
import { brief } from "./exact.js";

/** @import { Explain, Kind } from "../../types.js" */

/** @param {string} name @param {...(Node|string)} parts */
export function m(name, ...parts) {
  const el = document.createElementNS("http://www.w3.org/1998/Math/MathML", name);
  el.append(...parts);
  return el;
}

const DIGITS = 3; // of a result
const OPERAND = 6; // of what it is made of: who works out what is written comes to the result that is written

const row = (/** @type {(Node|string)[]} */ ...parts) => m("mrow", ...parts);
const num = (/** @type {number|string} */ x, places = OPERAND) => {
  const s = brief(x, places);
  const [digits, power] = s.replace(/^-/, "").split("e");
  const size = power
    ? row(m("mn", digits), op("·"), m("msup", m("mn", "10"), m("mn", power.replace("-", "−"))))
    : m("mn", digits);
  return s.startsWith("-") ? row(op("−"), size) : size;
};
/** A number in a product or after a sign: negative ones stand in brackets. @param {number|string} x */
const factor = (x) => (String(x).startsWith("-") ? row(m("mo", "("), num(x), m("mo", ")")) : num(x));
const id = (/** @type {string} */ s) => m("mi", s);
const op = (/** @type {string} */ s) => m("mo", s);
const sub = (/** @type {string} */ a, /** @type {string} */ b) => m("msub", id(a), id(b));
const sum = (/** @type {Node[]} */ ...body) => row(m("munder", op("∑"), id("i")), ...body);
const power = (/** @type {Node} */ exponent) => m("msup", id("e"), exponent);

/**
 * The products of a sum, of a long one the first: a₀b₀ + a₁b₁ + … .
 * @param {ArrayLike<number>} terms
 * @param {number} n
 */
function products(terms, n) {
  const parts = [];
  const shown = n <= 4 ? n : 2;
  for (let i = 0; i < shown; i++)
    parts.push(...(i ? [op("+")] : []), factor(terms[4 * i]), op("·"), factor(terms[4 * i + 1]));
  return n > shown ? [...parts, op("+"), op("…")] : parts;
}

/**
 * General form and the form with numbers, by kind.
 * @type {Partial<Record<Kind, (e: Explain, terms: ArrayLike<number>) => Node[][]>>}
 */
const FORMS = {
  dot: (e, terms) => {
    const bias = e.calc ? [op("+"), factor(calcAt(e, 0).args[1].value)] : [];
    return [
      [sum(sub("a", "i"), sub("b", "i")), ...(e.calc ? [op("+"), id("b")] : [])],
      [...products(terms, sumOf(e).n), ...bias],
    ];
  },
  layernorm: (e) => [
    [
      m("mfrac", row(id("x"), op("−"), id("μ")), m("msqrt", row(m("msup", id("σ"), m("mn", "2")), op("+"), id("ε")))),
      op("·"),
      id("g"),
      op("+"),
      id("b"),
    ],
    [
      m("mfrac", num(calcOf(e, "centred").value), num(calcOf(e, "deviation").value)),
      op("·"),
      factor(calcOf(e, "scaled").args[1].value),
      op("+"),
      factor(calcOf(e, "value").args[1].value),
    ],
  ],
  gelu: (e) => [
    [
      m("mfrac", id("u"), m("mn", "2")),
      op("·"),
      m("mo", "("),
      m("mn", "1"),
      op("+"),
      id("tanh"),
      m("mo", "("),
      id("√2/π"),
      m("mo", "("),
      id("u"),
      op("+"),
      m("mn", "0.044715"),
      m("msup", id("u"), m("mn", "3")),
      m("mo", ")"),
      m("mo", ")"),
      m("mo", ")"),
    ],
    [num(calcOf(e, "half").value), op("·"), factor(calcOf(e, "gate").value)],
  ],
  scaled: (e) => [
    [m("mfrac", row(id("q"), op("·"), id("k")), m("msqrt", id("d")))],
    [m("mfrac", num(sumOf(e).value), m("msqrt", num(calcOf(e, "root").args[0].value)))],
    [m("mfrac", num(sumOf(e).value), num(calcOf(e, "root").value))],
  ],
  rms: (e) => [
    [
      m(
        "mfrac",
        id("x"),
        m(
          "msqrt",
          row(m("mfrac", m("mn", "1"), id("n")), sum(m("msubsup", id("x"), id("i"), m("mn", "2"))), op("+"), id("ε")),
        ),
      ),
      op("·"),
      id("g"),
    ],
    [
      m("mfrac", num(calcOf(e, "normed").args[0].value), num(calcOf(e, "rms").value)),
      op("·"),
      factor(calcOf(e, "value").args[1].value),
    ],
  ],
  turn: (e) => {
    const [l, r, v] = ["left", "right", "value"].map((name) => calcOf(e, name));
    const plus = v.fn === "add";
    return [
      [
        id("a"),
        op("·"),
        id(plus ? "sin" : "cos"),
        id("θ"),
        op(plus ? "+" : "−"),
        id("b"),
        op("·"),
        id(plus ? "cos" : "sin"),
        id("θ"),
      ],
      [
        factor(l.args[0].value),
        op("·"),
        factor(l.args[1].value),
        op(plus ? "+" : "−"),
        factor(r.args[0].value),
        op("·"),
        factor(r.args[1].value),
      ],
    ];
  },
  softmax: (e) => [
    [
      m(
        "mfrac",
        power(row(id("s"), op("−"), id("max"))),
        row(m("munder", op("∑"), id("j")), power(row(sub("s", "j"), op("−"), id("max")))),
      ),
    ],
    [
      m(
        "mfrac",
        power(row(num(calcOf(e, "less").args[0].value), op("−"), factor(calcOf(e, "max").value))),
        num(sumOf(e).value),
      ),
    ],
    [m("mfrac", num(calcOf(e, "exp").value), num(sumOf(e).value))],
  ],
  add: (e) => [
    [id("a"), op("+"), id("b")],
    [num(calcAt(e, 0).args[0].value), op("+"), factor(calcAt(e, 0).args[1].value)],
  ],
  swiglu: (e) => [
    [m("mfrac", id("g"), row(m("mn", "1"), op("+"), power(row(op("−"), id("g"))))), op("·"), id("u")],
    [
      m("mfrac", num(calcOf(e, "silu").args[0].value), num(calcOf(e, "denominator").value)),
      op("·"),
      factor(calcOf(e, "value").args[1].value),
    ],
  ],
  mask: (e) => {
    // is it not later, and if it was evicted once, not yet?
    const asked = (e.calc ?? []).filter((c) => c.fn === "sees");
    return [
      asked.flatMap((_, i) => (i ? [op(","), id("i"), op("≤"), id("last")] : [id("j"), op("≤"), id("i")])),
      asked.flatMap((c, i) => [
        ...(i ? [op(",")] : []),
        num(c.args[0].value),
        op(c.value === "1" ? "≤" : ">"),
        num(c.args[1].value),
      ]),
    ];
  },
  stored: (e) => {
    const scaled = find(e, "scaled");
    if (!scaled) return [];
    return [
      [id("c"), op("·"), id("s"), op("+"), id("low")],
      [
        factor(scaled.args[0].value),
        op("·"),
        factor(scaled.args[1].value),
        op("+"),
        factor(calcOf(e, "value").args[1].value),
      ],
    ];
  },
};

/**
 * The formula, then with numbers, then the value: pieces that may stand in one
 * line or below each other; none where nothing was computed.
 * @param {Explain} e @param {ArrayLike<number>} terms
 */
export function formula(e, terms) {
  const forms = FORMS[e.kind]?.(e, terms) ?? [];
  const equals = brief(e.value, DIGITS) === String(Number(e.value)) ? "=" : "≈"; // what is shown here is rounded
  if (forms.length) forms.push([num(e.value, DIGITS)]);
  return forms.map((f, i) => {
    const last = i === forms.length - 1;
    const math = m("math", ...(i ? [op(last && e.kind === "mask" ? "→" : equals)] : []), ...f);
    math.setAttribute("display", "block");
    return math;
  });
}
