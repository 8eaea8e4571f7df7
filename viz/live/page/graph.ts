// The page of the graph: a canvas that pans and zooms, groups that fold, search,
// the paths of what is chosen, and an inspector.
import { el, field, number, say, select, typing } from "./dom";
import { post } from "./server";
import { tensor, View } from "./tensor";
import { themed } from "./color";
import { Formula, math } from "./formula";
import { Box, Layout, painter } from "./painter";
import { reader } from "./reader";

interface Inspection {
  op: string; type: string; scope: string; pos: string; source: string[] | null; first: number; line: number;
  text: string; formula: Formula; gradient: Formula; params: number; flops: string; bytes: string; in: string[];
  value?: View; slope?: View; why?: string;
}

const overlays: [string, string, string][] = [ // name, label, unit
  ["", "kind of op", ""], ["value", "size of values", "root mean square"], ["gradient", "gradient norm", ""], ["time", "time", "µs"],
  ["memory", "memory", "bytes"], ["bad", "not finite", "elements"], ["dead", "dead rectifiers", "share"], ["update", "update / weight", ""],
];

export function graph(main: HTMLElement): void {
  let layout: Layout | undefined, open: Record<string, boolean> = {}, overlay = "";
  let numbers: Record<string, number> = {};
  const canvas = el("canvas", { tabIndex: 0, id: "graph", role: "application", "aria-label": "The graph. Arrows walk along its edges, enter opens and closes groups, slash searches.", "aria-describedby": "keys" });
  const paint = painter(canvas, { choose: (i) => read.choose(i), toggle });
  const read = reader(canvas, paint, (b) => { b ? void inspect(b) : nothing(); });
  const inspector = el("aside", { class: "panel inspector", id: "inspector", "aria-label": "Inspector" });
  const message = el("p", { class: "message", role: "alert" });
  const search = el("input", { type: "search", id: "search", placeholder: "op, layer, shape …", "aria-label": "Search" });
  const found = el("output", { id: "found" });
  const legend = el("p", { class: "hint", id: "legend" });
  const gradient = el("input", { type: "checkbox", id: "gradient", onchange: () => fetchLayout(true) });
  const boxes = select(["60", "200", "1000", "all"], "60", () => { open = {}; void fetchLayout(true); });
  boxes.id = "boxes";
  const colour = select(overlays.map((o) => o[1]), overlays[0][1], (label) => recolour(overlays.find((o) => o[1] === label)![0]));
  colour.id = "overlay";

  async function fetchLayout(fit: boolean): Promise<void> {
    try {
      const start = performance.now();
      layout = await post<Layout>("graph/layout", { boxes: boxes.value === "all" ? -1 : +boxes.value, open, gradient: gradient.checked });
      layout.boxes ??= []; layout.edges ??= []; layout.groups ??= []; layout.marks ??= []; layout.labels ??= [];
      message.textContent = "";
      paint.show(layout, fit);
      read.show(layout);
      mark();
      requestAnimationFrame(() => { canvas.dataset.first = String(performance.now() - start); }); // after the painter's
      canvas.dataset.boxes = String(layout.boxes.length);
      say(layout.text);
      nothing();
    } catch (e) {
      message.textContent = (e as Error).message;
    }
  }

  function nothing(): void {
    inspector.replaceChildren(el("h2", {}, "Graph"), el("p", {}, layout?.text ?? ""), el("p", { class: "hint" }, "Choose a box to see its formula, its shape, the line that made it, and what flows through it."));
  }

  async function inspect(b: Box): Promise<void> {
    const rows: [string, string][] = [];
    inspector.replaceChildren(el("h2", {}, b.title), el("p", { class: "phase" }, b.kind + (b.times ? ` ×${b.times}` : "")));
    if (b.scope) {
      inspector.append(el("p", {}, `Layer ${b.scope}.`), el("button", { id: "open", onclick: () => toggle(b.scope!, true) }, "Open it (enter)"));
    }
    const id = b.nodes?.[0];
    if (id === undefined || b.kind === "gradient" || b.kind === "update") {
      inspector.append(el("p", {}, b.tooltip ?? ""));
      return;
    }
    try {
      const n = await post<Inspection>("graph/node/" + id, {});
      if (read.chosen() !== b) return;
      if (n.formula.text) inspector.append(math(n.formula));
      if (n.gradient.text) inspector.append(math(n.gradient, "formula small"));
      if (n.text) inspector.append(el("p", {}, n.text));
      rows.push(["op", n.op], ["type", n.type]);
      if (n.scope) rows.push(["layer", n.scope]);
      if (n.in.length) rows.push(["operands", n.in.join(", ")]);
      if (n.params) rows.push(["parameters", n.params.toLocaleString("en")]);
      rows.push(["flops", n.flops], ["bytes", n.bytes]);
      if (overlay && numbers[id] !== undefined) rows.push([overlays.find((o) => o[0] === overlay)![1], number(numbers[id])]);
      inspector.append(el("dl", {}, ...rows.flatMap(([k, v]) => [el("dt", {}, k), el("dd", {}, v)])));
      if (n.source) {
        inspector.append(el("p", { class: "hint", id: "pos" }, n.pos), el("pre", { class: "source", tabIndex: 0, "aria-label": "source" }, ...n.source.map((line, k) =>
          el("span", { class: n.first + k === n.line ? "here" : "" }, `${String(n.first + k).padStart(4)}  ${line}`))));
      } else if (n.pos) inspector.append(el("p", { class: "hint", id: "pos" }, n.pos));
      if (n.value) inspector.append(tensor("value", n.value));
      if (n.slope) inspector.append(tensor("gradient of the loss for it", n.slope));
      if (n.why) inspector.append(el("p", { class: "hint" }, "No values: " + n.why));
    } catch (e) {
      inspector.append(el("p", { class: "message" }, (e as Error).message));
    }
  }

  // toggle opens or closes a group.
  function toggle(path: string, to: boolean): void {
    open = { ...open, [path]: to };
    void fetchLayout(false);
  }

  async function recolour(name: string): Promise<void> {
    overlay = name;
    try {
      numbers = name ? await post<Record<string, number>>("graph/overlay/" + name, {}) : {};
      message.textContent = "";
    } catch (e) {
      numbers = {};
      message.textContent = (e as Error).message;
    }
    mark();
    const b = read.chosen();
    if (b) void inspect(b);
  }

  // mark colours the boxes by the overlay, in the order of magnitude of its numbers.
  function mark(): void {
    if (!layout) return;
    if (!overlay) { paint.overlay(undefined); legend.textContent = ""; return; }
    const of = layout.boxes.map((b) => (b.kind === "gradient" || b.kind === "update" ? undefined : numbers[b.nodes?.[0]]));
    const positive = of.filter((v): v is number => v !== undefined && v > 0);
    const lo = Math.min(...positive), hi = Math.max(...positive);
    const [, name, unit] = overlays.find((o) => o[0] === overlay)!;
    legend.textContent = positive.length ? `${name}: ${number(lo)} (pale) to ${number(hi)} (strong) ${unit}; a box without a number has none` : `${name}: 0 everywhere`;
    paint.overlay(of.map((v) => v === undefined ? undefined : { share: v <= 0 ? 0 : hi > lo ? 0.15 + (0.85 * Math.log(v / lo)) / Math.log(hi / lo) : 1, text: number(v) }), overlay === "bad");
  }

  // find asks for what has a word in it, which may be in closed groups.
  let hits: { id: number; scope: string }[] = [], hit = -1;
  async function find(): Promise<void> {
    const word = search.value;
    try {
      const list = word.trim() ? await post<typeof hits>("graph/find", JSON.stringify(word)) : [];
      if (word !== search.value) return;
      [hits, hit] = [list, -1];
      found.textContent = word.trim() ? `${hits.length} found` + (hits.length ? ", enter shows the next" : "") : "";
      const shown = hits.findIndex((h) => boxOf(h.id) >= 0);
      if (shown >= 0) { hit = shown; read.go(boxOf(hits[shown].id)); }
    } catch (e) {
      message.textContent = (e as Error).message;
    }
  }
  function boxOf(id: number): number { return layout?.boxes.findIndex((b) => !b.scope && b.kind !== "gradient" && b.kind !== "update" && b.nodes?.includes(id)) ?? -1; }

  // nextHit shows the next of what was found, and opens the groups it is in.
  async function nextHit(): Promise<void> {
    if (!hits.length) return;
    hit = (hit + 1) % hits.length;
    const { id, scope } = hits[hit];
    if (boxOf(id) < 0) {
      const parts = scope.split(".");
      open = { ...open, ...Object.fromEntries(parts.map((_, k) => [parts.slice(0, k + 1).join("."), true])) };
      await fetchLayout(false);
    }
    found.textContent = `${hit + 1} of ${hits.length}` + (boxOf(id) < 0 ? ", in a repeated layer that is drawn once" : "");
    if (boxOf(id) >= 0) read.go(boxOf(id));
  }
  search.oninput = () => find();
  search.onkeydown = (e) => {
    if (e.key === "Enter") void nextHit();
    if (e.key === "Escape") canvas.focus();
  };

  document.addEventListener("keydown", (e) => {
    if (typing(e)) return;
    const act = ({
      ...read.keys,
      Enter: () => {
        const b = read.chosen();
        if (b?.scope) toggle(b.scope, true);
        else if (b && b.group >= 0) toggle(layout!.groups[b.group].path, false);
      },
      "/": () => setTimeout(() => search.focus()), // after the key has been typed
    } as typeof read.keys)[e.key];
    if (!act) return;
    e.preventDefault();
    act(e.key);
  });

  main.replaceChildren(
    el("h1", { class: "off-screen" }, "Graph"),
    el("div", { class: "bar", role: "toolbar", "aria-label": "Picture" },
      field("search", search, found), field("colour by", colour), field("boxes at most", boxes),
      el("label", { class: "check" }, gradient, el("span", {}, "gradient beside it")),
      el("button", { id: "fit", onclick: () => paint.fit() }, "Show all"),
      el("button", { "aria-label": "zoom in", onclick: () => paint.zoom(1.25) }, "+"), el("button", { "aria-label": "zoom out", onclick: () => paint.zoom(0.8) }, "−")),
    message,
    el("div", { class: "graph" }, el("div", { class: "panel sheet" }, canvas, read.tree), inspector),
    legend,
    el("p", { class: "hint", id: "keys" }, "Drag to move, wheel to zoom, double-click a group to open it and its title to close it. Keys: arrows walk along edges, enter opens and closes groups, / searches, + − 0 zoom, escape lets go."));
  themed(() => paint.themed());
  (window as any).paintForTest = paint.measure; // how long a frame takes
  void fetchLayout(true);
}
