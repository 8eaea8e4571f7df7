// The loss lab: a loss is typed as a formula; its curve, its derivative, its graph
// and what a network learns with it follow.
import { el, field, number, say, select, svg } from "./dom";
import { post } from "./server";
import { curves } from "./curves";
import { Formula, math } from "./formula";
import { Layout, painter } from "./painter";
import { reader } from "./reader";
import { themed } from "./color";

interface Verdict {
  formula: Formula; derivative: Formula; reduced: boolean; p: number[]; loss: (number | null)[]; slope: (number | null)[];
  worst: number; where: number; agrees: boolean; graph: Layout;
}
interface Fitting { x: number[]; y: number[]; grid: number[]; own: (number | null)[]; other: (number | null)[]; steps: (number | null)[] }

const examples: [string, string][] = [
  ["squared error", "mean((p-y)^2)"], ["absolute error", "mean(abs(p-y))"], ["between both", "mean(abs(p-y)^1.5)"],
  ["Cauchy", "mean(log(1+((p-y)/0.5)^2))"], ["log cosh", "mean(log(cosh(p-y)))"], ["quantile 0.9", "mean(max(0.9*(y-p), 0.1*(p-y)))"],
  ["cross-entropy of a logit", "mean(softplus(p) - y*p)"],
];

export function loss(main: HTMLElement): void {
  const first = new URLSearchParams(location.hash.slice(1)).get("loss") ?? "mean(abs(p-y)^1.5)";
  const text = el("input", { type: "text", id: "text", value: first, spellcheck: false, "aria-label": "the loss, over p and y", maxLength: 500 });
  const example = select(["examples", ...examples.map((e) => e[0])], "examples", (name) => {
    const e = examples.find((e) => e[0] === name);
    if (e) { text.value = e[1]; void judge(); }
  }, "examples");
  example.id = "example";
  const label = el("input", { type: "range", min: "-2", max: "2", step: "0.1", value: "0", id: "label" });
  const labelOut = el("output", {}, "0");
  const message = el("p", { class: "message", role: "alert" });
  const badge = el("p", { class: "badge", id: "badge" });
  const formula = el("div"), derivative = el("div");
  const curve = svg("svg"), slope = svg("svg"), wave = svg("svg"), steps = svg("svg");
  const canvas = el("canvas", { tabIndex: 0, id: "loss-graph", role: "application", "aria-label": "The graph of the loss and of its gradient. Arrows walk along its edges." });
  const paint = painter(canvas, { choose: (i) => read.choose(i), toggle: () => {} });
  const about = el("output", { id: "about", class: "hint" });
  const read = reader(canvas, paint, (_, text) => { about.textContent = text; });
  canvas.onkeydown = (e) => {
    const act = read.keys[e.key];
    if (!act) return;
    e.preventDefault();
    act(e.key);
  };
  const train = el("button", { class: "primary", id: "fit", onclick: () => fit() }, "Train with it");
  let asked = 0;

  const real = (list: (number | null)[]) => list.map((v) => v ?? NaN);

  async function judge(): Promise<void> {
    const id = ++asked;
    window.history.replaceState(null, "", "#" + new URLSearchParams({ loss: text.value }));
    try {
      const v = await post<Verdict>("loss/judge", { text: text.value, label: +label.value });
      if (id !== asked) return;
      message.textContent = "";
      formula.replaceChildren(math(v.formula));
      derivative.replaceChildren(math(v.derivative));
      badge.textContent = v.agrees ? `✓ The engine's gradient agrees with finite differences to ${number(v.worst)}.` : `✗ The gradient differs from finite differences by ${number(v.worst)}, at p = ${number(v.where)}: there is a corner or a jump near.`;
      badge.dataset.agrees = String(v.agrees);
      if (v.reduced) badge.textContent += " The formula leaves one loss for each row: their mean is taken.";
      curves(curve, [{ name: "loss", x: v.p, y: real(v.loss), style: "line-1" }], { title: `Loss over the prediction p, where y = ${label.value}` });
      curves(slope, [{ name: "slope", x: v.p, y: real(v.slope), style: "line-2" }], { title: "Its slope" });
      v.graph.boxes ??= []; v.graph.edges ??= []; v.graph.groups ??= []; v.graph.marks ??= []; v.graph.labels ??= [];
      canvas.dataset.boxes = String(v.graph.boxes.length);
      paint.show(v.graph, true);
      read.show(v.graph);
      about.textContent = "";
      say(badge.textContent);
    } catch (e) {
      if (id === asked) { message.textContent = (e as Error).message; badge.textContent = ""; badge.dataset.agrees = ""; }
    }
  }

  async function fit(): Promise<void> {
    train.disabled = true;
    train.textContent = "Training …";
    try {
      const f = await post<Fitting>("loss/fit", { text: text.value, label: 0 });
      message.textContent = "";
      curves(wave, [
        { name: "squared error", x: f.grid, y: real(f.other), style: "line-6 dashed" },
        { name: "this loss", x: f.grid, y: real(f.own), style: "line-1" },
      ], { title: "What the networks say", points: f.x.map((x, i) => [x, f.y[i]]) });
      curves(steps, [{ name: "loss", x: f.steps.map((_, i) => i + 1), y: real(f.steps), style: "line-1" }], { title: "Loss over epochs" });
      wave.dataset.done = text.value;
    } catch (e) { message.textContent = (e as Error).message; }
    train.disabled = false;
    train.textContent = "Train with it";
  }

  let timer = 0;
  const soon = () => { clearTimeout(timer); timer = window.setTimeout(judge, 250); };
  text.oninput = soon;
  label.oninput = () => { labelOut.textContent = label.value; soon(); };

  const panel = (title: string, ...content: Node[]) => el("section", { class: "panel" }, el("h2", {}, title), ...content);
  main.replaceChildren(
    el("h1", { class: "off-screen" }, "Loss lab"),
    el("div", { class: "bar lab" }, el("label", { class: "field grow" }, el("span", {}, "loss over predictions p and labels y"), text), field("or one of", example), field("y of the curve", label, labelOut), train),
    message, badge,
    el("div", { class: "charts" },
      panel("The loss", formula, curve), panel("Its derivative by p", derivative, slope),
      panel("Trained with it", el("p", { class: "hint" }, "A network of 2 × 24 units learns a wave of which every eighth point is far off; dashed is the squared error."), wave, steps)),
    el("section", { class: "panel" }, el("h2", {}, "Its graph, and that of its gradient"), el("div", { class: "low" }, canvas, read.tree), about),
    el("p", { class: "hint" }, "Numbers, p, y, + − * / ^, comparisons, a ? b : c, and functions such as abs, exp, log, tanh, sigmoid, softplus, max, min; sum and mean are over all rows. The address holds the loss."));
  themed(() => paint.themed());
  void judge();
}
