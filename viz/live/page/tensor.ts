// A value on the page: a table of its numbers while they are few, else a picture
// of block means with a histogram.
import { el, number, svg } from "./dom";
import { css, diverging } from "./color";

export interface View {
  type: string;
  shape: number[] | null;
  values?: number[];
  heat?: (number | null)[][];
  bins?: number[];
  min: number | null;
  max: number | null;
  mean: number | null;
  std: number | null;
  bad: number;
}

// tensor shows a value under a name.
export function tensor(name: Node | string, v: View, note = "", id = ""): HTMLElement {
  const shape = v.shape ?? [];
  const head = el("figcaption", {}, el("b", {}, name), " ", el("span", {}, shape.length ? shape.join("×") : "number"), note ? el("em", {}, note) : "");
  const f = el("figure", { class: "tensor" }, head, v.values ? table(v) : picture(v));
  if (id) f.id = id;
  return f;
}

function table(v: View): HTMLElement {
  const shape = v.shape ?? [];
  const columns = shape.length ? shape[shape.length - 1] : 1;
  const most = Math.max(Math.abs(v.min ?? 0), Math.abs(v.max ?? 0), 1e-9);
  const t = el("table", {});
  for (let i = 0; i < v.values!.length; i += columns) {
    t.append(el("tr", {}, ...v.values!.slice(i, i + columns).map((x) => {
      const cell = el("td", {}, number(x));
      const [r, g, b] = diverging((0.55 * x) / most);
      cell.style.background = `rgb(${r} ${g} ${b})`;
      return cell;
    })));
  }
  return t;
}

function picture(v: View): HTMLElement {
  const rows = v.heat ?? [], canvas = el("canvas", { role: "img", "aria-label": summary(v) });
  canvas.width = rows[0]?.length ?? 1;
  canvas.height = rows.length || 1;
  const most = Math.max(Math.abs(v.min ?? 0), Math.abs(v.max ?? 0), 1e-9);
  const c = canvas.getContext("2d")!;
  rows.forEach((row, y) => row.forEach((x, i) => {
    c.fillStyle = x === null ? "#d0021b" : css(x / most);
    c.fillRect(i, y, 1, 1);
  }));
  canvas.style.width = Math.max(40, Math.min(192, canvas.width * 6)) + "px";
  canvas.style.height = Math.max(12, Math.min(192, canvas.height * 6)) + "px";
  return el("div", { class: "heat" }, canvas, bars(v), el("p", {}, summary(v)));
}

// summary says in words what a picture shows.
export function summary(v: View): string {
  const n = (x: number | null) => (x === null ? "—" : number(x));
  return `${n(v.min)} to ${n(v.max)}, mean ${n(v.mean)}, deviation ${n(v.std)}` + (v.bad ? `; ${v.bad} not finite` : "");
}

// bars draws a histogram.
export function bars(v: View): Element {
  const list = v.bins ?? [], most = Math.max(...list, 1), w = 160 / (list.length || 1);
  const s = svg("svg", { viewBox: "0 0 160 36", class: "bars", "aria-hidden": "true" });
  list.forEach((n, i) => s.append(svg("rect", { x: i * w, y: 36 - (34 * n) / most, width: Math.max(0.5, w - 0.6), height: (34 * n) / most })));
  return s;
}
