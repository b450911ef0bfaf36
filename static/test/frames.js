// Frames that the Go tests wrote (go test ./web/wire -args -write).
import { readFileSync } from "node:fs";
import { decode } from "../js/wire/decode.js";

/** @param {string} name */
export function bytes(name) {
  const b = readFileSync(new URL(`frames/${name}.safetensors`, import.meta.url));
  return b.buffer.slice(b.byteOffset, b.byteOffset + b.byteLength);
}

/** @param {string} name */
export const frame = (name) => decode(bytes(name));
