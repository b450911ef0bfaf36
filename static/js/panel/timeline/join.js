// The line that joins prefill's head to the token it chose: the first
// generated token belongs to prefill, but is fed in the pass after it.

/**
 * @param {CanvasRenderingContext2D} ctx @param {ReturnType<typeof import("./layout.js").timeline>} layout
 * @param {number} layers @param {number} under where names begin, pixels @param {string} color
 */
export function join(ctx, layout, layers, under, color) {
  const head = layout.box(layers); // prefill's last step
  const next = layout.column(1);
  const right = head.x + head.w;
  const middle = (right + next.x) / 2; // in the gap between the two stretches
  ctx.strokeStyle = ctx.fillStyle = color;
  ctx.lineWidth = 1.5;
  ctx.beginPath();
  ctx.moveTo(right - 2, head.y + head.h / 2);
  ctx.lineTo(middle, head.y + head.h / 2);
  ctx.lineTo(middle, under - 2);
  ctx.stroke();
  ctx.beginPath(); // an arrow head that points at the name
  ctx.moveTo(middle - 3, under - 3);
  ctx.lineTo(middle + 3, under - 3);
  ctx.lineTo(middle, under + 2);
  ctx.fill();
}
