// A chart of lines over steps.
import { svg, number } from "./dom";

export interface Line {
  name: string;
  x: number[];
  y: number[];
  style: string; // a class: line-1 ... line-6, with faint or dashed
}

const width = 360, height = 150, left = 44, bottom = 20, top = 8, right = 8;

// curves draws lines, all of them again.
export function curves(into: SVGElement, lines: Line[], o: { log?: boolean; title: string; zero?: boolean; points?: [number, number][] }): void {
  into.setAttribute("viewBox", `0 0 ${width} ${height}`);
  into.setAttribute("class", "curves");
  into.setAttribute("role", "img");
  const f = (v: number) => (o.log ? Math.log10(Math.max(v, 1e-12)) : v);
  let x0 = Infinity, x1 = -Infinity, y0 = Infinity, y1 = -Infinity;
  for (const l of lines) {
    l.x.forEach((x, i) => {
      if (!Number.isFinite(l.y[i])) return;
      x0 = Math.min(x0, x); x1 = Math.max(x1, x);
      y0 = Math.min(y0, f(l.y[i])); y1 = Math.max(y1, f(l.y[i]));
    });
  }
  for (const [x, y] of o.points ?? []) {
    x0 = Math.min(x0, x); x1 = Math.max(x1, x);
    y0 = Math.min(y0, f(y)); y1 = Math.max(y1, f(y));
  }
  const none = x0 > x1;
  if (none) [x0, x1, y0, y1] = [0, 1, 0, 1];
  if (o.zero && !o.log) y0 = Math.min(0, y0);
  if (x1 === x0) x1 = x0 + 1;
  if (y1 - y0 < 1e-9) [y0, y1] = [y0 - 0.5, y1 + 0.5];
  const X = (x: number) => left + ((x - x0) / (x1 - x0)) * (width - left - right);
  const Y = (y: number) => height - bottom - ((f(y) - y0) / (y1 - y0)) * (height - bottom - top);
  const parts: SVGElement[] = [svg("title", {}, o.title + ": " + lines.filter((l) => l.y.length).map((l) => `${l.name} ${number(l.y[l.y.length - 1])}`).join(", "))];
  for (const t of ticks(y0, y1, 3)) {
    const v = o.log ? 10 ** t : t, y = Y(v);
    parts.push(svg("line", { x1: left, x2: width - right, y1: y, y2: y, class: "grid" }), svg("text", { x: left - 6, y: y + 3.5, "text-anchor": "end" }, short(v)));
  }
  for (const t of ticks(x0, x1, 5)) parts.push(svg("text", { x: X(t), y: height - 5, "text-anchor": "middle" }, short(t)));
  for (const [x, y] of o.points ?? []) parts.push(svg("circle", { cx: X(x), cy: Y(y), r: 2, class: "point" }));
  for (const l of lines) {
    let d = "", pen = "M";
    for (let i = 0; i < l.x.length; i++) {
      if (!Number.isFinite(l.y[i])) { pen = "M"; continue; }
      d += `${pen}${X(l.x[i]).toFixed(1)} ${Y(l.y[i]).toFixed(1)}`;
      pen = "L";
    }
    if (d) parts.push(svg("path", { d, class: l.style, fill: "none" }));
  }
  into.replaceChildren(...parts);
}

// ticks are round numbers from lo to hi.
function ticks(lo: number, hi: number, n: number): number[] {
  const raw = (hi - lo) / n, power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= raw)!;
  const list = [];
  for (let t = Math.ceil(lo / step) * step; t <= hi + 1e-9 * step; t += step) list.push(Math.abs(t) < step / 1e6 ? 0 : t);
  return list;
}

function short(v: number): string {
  const a = Math.abs(v);
  const text = a >= 1e6 || (a !== 0 && a < 1e-3) ? v.toExponential(0) : a >= 1e4 ? String(v / 1e3) + "k" : String(+v.toPrecision(3));
  return text.replace("-", "−");
}

// thin keeps at most n points of a curve, the first and the last among them.
export function thin(x: number[], y: number[], n: number): void {
  if (x.length <= n) return;
  for (let i = x.length - 2; i > 0; i -= 2) {
    x.splice(i, 1);
    y.splice(i, 1);
  }
}
