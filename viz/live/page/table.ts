// The part of the page that asks what a model makes of each column of a table.
import { el, field, number, say, select, svg } from "./dom";
import { post } from "./server";
import { curves, Line } from "./curves";

interface Importance { features: string[]; classes: string[]; mean: number[]; spread: number[]; repeats: number; rows: number; accuracy: number; loss: number }
interface Dependence { grid: number[]; mean: number[]; alone: number[][] }

export function table(into: HTMLElement): void {
  let seed = 1, feature = -1, kind = 0, asked = 0, rises: Importance | undefined;
  const message = el("p", { class: "message", role: "status" }, "A small network learns to tell wines apart. This takes some seconds, once.");
  const about = el("p", { id: "judged" }), bars = el("div", { class: "rises", id: "rises" }), classes = el("span", {});
  const title = el("h2", {}), chart = svg("svg", { id: "dependence" }), note = el("p", { class: "hint", id: "dependence-note" });
  const number1 = el("input", { type: "number", id: "seed", min: "0", step: "1", value: "1" });
  number1.onchange = () => { seed = Math.max(0, Math.floor(Number(number1.value) || 0)); number1.value = String(seed); void ask(); };
  into.replaceChildren(message, el("div", { class: "table-page" },
    el("section", { class: "panel" }, el("h2", {}, "What it needs each feature for"), el("div", { class: "bar fields" }, field("seed", number1)), bars, about),
    el("section", { class: "panel" }, title, el("div", { class: "bar fields" }, classes), chart, note)));

  async function ask(): Promise<void> {
    try {
      rises = await post<Importance>("explain/importance", { seed });
      message.textContent = "";
      if (feature < 0) feature = rises.mean.indexOf(Math.max(...rises.mean));
      show();
      await askCurve();
    } catch (e) { message.textContent = (e as Error).message; }
  }

  function show(): void {
    const r = rises!;
    const least = Math.min(0, ...r.mean.map((v, i) => v - r.spread[i])), most = Math.max(1e-9, ...r.mean.map((v, i) => v + r.spread[i]));
    const at = (v: number) => (100 * (v - least)) / (most - least);
    about.textContent = `How far the loss, ${number(r.loss)}, rises when a feature is shuffled among ${r.rows} rows that were not trained on, of which ${(100 * r.accuracy).toFixed(1)} % are told right: the mean of ${r.repeats} shufflings with seed ${seed}, and their standard deviation as a whisker. Choose a feature to see what it does.`;
    bars.replaceChildren(...r.features.map((name, i) => {
      const lo = at(r.mean[i] - r.spread[i]), hi = at(r.mean[i] + r.spread[i]), zero = at(0), end = at(r.mean[i]);
      const s = svg("svg", { viewBox: "0 0 100 10", preserveAspectRatio: "none", "aria-hidden": "true" },
        svg("rect", { x: Math.min(zero, end), y: 1, width: Math.abs(end - zero), height: 8, class: "rise" }),
        svg("path", { d: `M${lo} 5H${hi}M${lo} 2.5V7.5M${hi} 2.5V7.5`, class: "whisker" }));
      return el("button", { class: "rise-row", "aria-pressed": String(i === feature), onclick: () => { feature = i; show(); void askCurve(); (bars.children[i] as HTMLElement).focus(); } },
        el("b", {}, name), s, el("output", {}, `${number(r.mean[i])} ± ${number(r.spread[i])}`));
    }));
    if (!classes.firstChild) {
      const s = select(r.classes, r.classes[kind], (c) => { kind = r.classes.indexOf(c); void askCurve(); });
      s.id = "class";
      classes.append(field("class", s));
    }
  }

  async function askCurve(): Promise<void> {
    const mine = ++asked;
    try {
      const d = await post<Dependence>("explain/dependence", { feature, class: kind });
      if (mine !== asked) return;
      const r = rises!, what = `The probability of ${r.classes[kind]} along ${r.features[feature]}`;
      title.textContent = what;
      const lines: Line[] = d.alone.map((y) => ({ name: "", x: d.grid, y, style: "line-1 faint" }));
      curves(chart, [...lines, { name: "mean", x: d.grid, y: d.mean, style: "line-2" }], { title: what, zero: true });
      chart.querySelector("title")!.textContent = `${what}: ${number(d.mean[0])} at ${number(d.grid[0])}, ${number(d.mean[d.mean.length - 1])} at ${number(d.grid[d.grid.length - 1])}`;
      note.textContent = `The other features stay as they are: thin, the first ${d.alone.length} rows, each on its own; bold, the mean of all, from ${number(d.mean[0])} at ${number(d.grid[0])} to ${number(d.mean[d.mean.length - 1])} at ${number(d.grid[d.grid.length - 1])}. Where features hang together this leads to rows that do not exist.`;
      say(note.textContent);
    } catch (e) { message.textContent = (e as Error).message; }
  }
  void ask();
}
