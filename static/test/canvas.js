// A canvas that records what is drawn on it instead of drawing.

export function recorder(width = 300, height = 150) {
  const calls = [];
  const context = new Proxy(
    { canvas: null },
    {
      get(target, name) {
        if (name === "measureText") return (text) => ({ width: 7 * [...text].length });
        if (name in target) return target[name];
        return (...args) => void calls.push([name, ...args]);
      },
      set(target, name, value) {
        target[name] = value;
        calls.push([`${String(name)}=`, value]);
        return true;
      },
    },
  );
  const canvas = { width, height, clientWidth: width, style: { setProperty() {} }, getContext: () => context };
  context.canvas = canvas;
  calls.length = 0;
  return { canvas, calls, count: (name) => calls.filter((c) => c[0] === name).length };
}

/** What the views need of a browser. */
export function pretendBrowser() {
  globalThis.devicePixelRatio = 1;
  globalThis.getComputedStyle = () => ({ font: "12px sans-serif", getPropertyValue: () => "#000000" });
  globalThis.ImageData = class {
    constructor(data, width, height) {
      Object.assign(this, { data, width, height });
    }
  };
  globalThis.document = { createElement: () => recorder().canvas };
}

export const theme = {
  font: "12px sans-serif",
  em: 15,
  colors: {
    surface: "#fff",
    ink: "#000",
    muted: "#666",
    line: "#ccc",
    hatch: "#999",
    cached: "#00f",
    uncached: "#f80",
    fresh: "#80f",
  },
  sequential: Uint32Array.from({ length: 256 }, (_, i) => i),
  diverging: Uint32Array.from({ length: 256 }, (_, i) => i),
  reads: Uint32Array.from({ length: 256 }, (_, i) => i),
  again: Uint32Array.from({ length: 256 }, (_, i) => i),
};
