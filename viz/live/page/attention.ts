// The part of the page that shows what the heads of attention look at.
import { el, number, say, select, svg } from "./dom";
import { post } from "./server";
import { css, themed } from "./color";

interface Head { name: string; weights: (number | null)[][] }
interface Reading { rows: string[][]; tokens: string[]; answers: string[]; shares: number[]; heads: Head[] }

const cell = 22, edge = 34;

export function attention(into: HTMLElement): void {
  let row = 0, asked = 0, answer: Reading | undefined;
  const message = el("p", { class: "message", role: "status" }, "A small transformer learns to turn words around. This takes some seconds, once.");
  const choose = el("span", {}), shown = el("p", { id: "reads" });
  const heads = el("div", { class: "heads", id: "heads" });
  into.replaceChildren(message, el("section", { class: "panel" },
    el("div", { class: "bar fields" }, choose), shown,
    el("p", { class: "hint" }, "Each square is a head: a row for each place that looks, a column for each that is looked at, bluer where it looks more. A row adds up to 1. Point at a cell, or go with the arrow keys.")), heads);

  async function ask(): Promise<void> {
    const mine = ++asked;
    try {
      const a = await post<Reading>("explain/attention", { row });
      if (mine !== asked) return;
      answer = a;
      message.textContent = "";
      show();
      say(`sequence ${row + 1}, ${a.heads.length} heads`);
    } catch (e) { message.textContent = (e as Error).message; }
  }

  function show(): void {
    if (!answer) return;
    const a = answer;
    if (!choose.firstChild) {
      const words = a.rows.map((r, i) => `${i + 1}: ${r.join(" ")}`);
      const s = select(words, words[row], (w) => { row = words.indexOf(w); void ask(); }, "Sequence");
      s.id = "sequence";
      choose.append(s);
    }
    const least = Math.min(...a.shares);
    shown.replaceChildren("answers ", el("b", {}, a.answers.join(" ")), a.shares.length > 1 ? `, the least sure one with ${(100 * least).toFixed(1)} %` : `, with ${(100 * least).toFixed(1)} %`);
    heads.replaceChildren(...a.heads.map((h) => head(h, a.tokens)));
  }
  themed(show);
  void ask();
}

// head draws one square, and holds the same as a table for those who do not see it.
function head(h: Head, tokens: string[]): HTMLElement {
  const w = h.weights, n = w.length, m = w[0].length;
  const name = (i: number, of: number) => (of === tokens.length ? tokens[i] : String(i + 1));
  const s = svg("svg", { viewBox: `0 0 ${edge + m * cell} ${edge + n * cell}`, class: "head-map", role: "group", tabindex: 0, "aria-label": `${h.name}: arrow keys go from cell to cell` });
  const out = el("output", { class: "hint" });
  for (let i = 0; i < n; i++) s.append(svg("text", { x: edge - 6, y: edge + i * cell + 15, "text-anchor": "end" }, name(i, n)));
  for (let j = 0; j < m; j++) s.append(svg("text", { x: edge + j * cell + cell / 2, y: edge - 8, "text-anchor": "middle" }, name(j, m)));
  w.forEach((r, i) => r.forEach((v, j) => s.append(svg("rect", { x: edge + j * cell, y: edge + i * cell, width: cell - 1, height: cell - 1, rx: 3, fill: css(v ?? 0), "data-at": i * m + j }))));
  const frame = svg("rect", { width: cell + 1, height: cell + 1, rx: 4, fill: "none", class: "frame", visibility: "hidden" });
  s.append(frame);
  let at = 0;
  const go = (k: number) => {
    at = k;
    const i = Math.floor(k / m), j = k % m;
    frame.setAttribute("x", String(edge + j * cell - 1));
    frame.setAttribute("y", String(edge + i * cell - 1));
    frame.setAttribute("visibility", "visible");
    out.textContent = `place ${i + 1} (${name(i, n)}) looks at place ${j + 1} (${name(j, m)}): ${number(w[i][j] ?? NaN)}`;
  };
  s.addEventListener("pointerover", (e) => {
    const k = (e.target as SVGElement).dataset.at;
    if (k !== undefined) go(+k);
  });
  s.addEventListener("focus", () => go(at));
  s.addEventListener("keydown", (e) => {
    const d = ({ ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] } as Record<string, number[]>)[(e as KeyboardEvent).key];
    if (!d) return;
    e.preventDefault();
    const to = (v: number, most: number) => Math.max(0, Math.min(most - 1, v));
    go(to(Math.floor(at / m) + d[0], n) * m + to((at % m) + d[1], m));
    say(out.textContent!);
  });
  const table = el("table", {}, el("caption", {}, h.name), el("tr", {}, el("td", {}), ...w[0].map((_, j) => el("th", { scope: "col" }, name(j, m)))),
    ...w.map((r, i) => el("tr", {}, el("th", { scope: "row" }, name(i, n)), ...r.map((v) => el("td", {}, number(v ?? NaN))))));
  out.textContent = "\u00a0";
  return el("section", { class: "panel" }, el("h2", {}, h.name), s, out, el("div", { class: "off-screen" }, table));
}
