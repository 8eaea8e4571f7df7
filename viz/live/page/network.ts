// The picture of the playground's network: a column for each layer, a tile for each
// unit with the map of its value over the plane, a line for each weight.
import { el, number, select, svg } from "./dom";
import { bytes } from "./server";
import { css, heat } from "./color";
import { activations, maxLayers, maxUnits, Setup } from "./setup";
import type { Frame } from "./playground";

export interface Network {
  element: HTMLElement;
  controls(): void;
  paint(f: Frame): void;
}

const tile = 40, gap = 12, headHeight = 74;

export function network(o: { setup: () => Setup; change: (part: Partial<Setup>) => void; look: (map?: Uint8Array, name?: string) => void }): Network {
  const lines = svg("svg", { class: "links", "aria-hidden": "true" });
  const units = el("div", { class: "units" });
  const caption = el("p", { class: "hint caption", id: "unit" });
  const element = el("div", { class: "network" }, el("div", { class: "stage" }, lines, units), caption);
  let tiles: HTMLButtonElement[][] = [], paths: SVGElement[][] = [], last: Frame | undefined;
  let chosen: [number, number] | undefined;

  // controls makes the columns.
  function controls(): void {
    const s = o.setup();
    const width = element.clientWidth || 620;
    const columns = s.layers.length + 1;
    const x = (c: number) => 20 + c * ((width - 90) / columns);
    const most = Math.max(s.features.length, ...s.layers.map((l) => l.units), 1);
    const y = (i: number) => headHeight + i * (tile + gap);
    element.style.setProperty("--height", `${headHeight + most * (tile + gap)}px`);
    units.replaceChildren();
    tiles = [s.features, ...s.layers.map((l) => Array.from({ length: l.units }, (_, i) => String(i + 1)))].map((names, c) =>
      names.map((name, i) => {
        const b = el("button", { class: "unit", "aria-label": c ? `layer ${c}, unit ${name}` : `feature ${name}` }, el("canvas", {}));
        if (!c) b.append(el("span", {}, name));
        b.style.left = x(c) + "px";
        b.style.top = y(i) + "px";
        b.onmouseenter = b.onfocus = () => { chosen = [c, i]; describe(); };
        b.onmouseleave = b.onblur = () => { chosen = undefined; describe(); };
        units.append(b);
        return b;
      }));
    s.layers.forEach((l, c) => units.append(head(s, l, c, x(c + 1))));
    const add = el("button", { class: "small add", id: "add-layer", disabled: s.layers.length >= maxLayers, onclick: () => o.change({ layers: [...s.layers, { units: 4, act: s.layers.at(-1)?.act ?? "tanh" }] }) }, "+ layer");
    const drop = el("button", { class: "small", id: "remove-layer", disabled: !s.layers.length, onclick: () => o.change({ layers: s.layers.slice(0, -1) }) }, "− layer");
    const tools = el("div", { class: "layer-tools" }, el("span", {}, `${s.layers.length} hidden ${s.layers.length === 1 ? "layer" : "layers"}`), add, drop);
    units.append(tools, el("span", { class: "result" }, "output"));
    links(width, x, y);
  }

  function head(s: Setup, l: { units: number; act: string }, c: number, left: number): HTMLElement {
    const set = (part: object) => o.change({ layers: s.layers.map((old, i) => (i === c ? { ...old, ...part } : old)) });
    const button = (label: string, name: string, to: number) =>
      el("button", { class: "small", id: `units-${c}-${name}`, "aria-label": `layer ${c + 1}: ${name} units`, disabled: to < 1 || to > maxUnits, onclick: () => set({ units: to }) }, label);
    const act = select(activations, l.act, (v) => set({ act: v }), `activation of layer ${c + 1}`);
    act.id = `act-${c}`;
    const h = el("div", { class: "head" }, el("div", {}, button("−", "fewer", l.units - 1), el("b", {}, String(l.units)), button("+", "more", l.units + 1)), act);
    h.style.left = left + "px";
    return h;
  }

  // links makes the lines between columns, and from the last to the output.
  function links(width: number, x: (c: number) => number, y: (i: number) => number): void {
    lines.replaceChildren();
    const out = { x: width - 8, y: headHeight + tile / 2 };
    paths = tiles.map((column, c) => {
      const next = tiles[c + 1];
      const n = next ? next.length : 1;
      return column.flatMap((_, i) => Array.from({ length: n }, (_, j) => {
        const x0 = x(c) + tile, y0 = y(i) + tile / 2;
        const x1 = next ? x(c + 1) : out.x, y1 = next ? y(j) + tile / 2 : out.y;
        const m = (x0 + x1) / 2;
        const p = svg("path", { d: `M${x0} ${y0}C${m} ${y0} ${m} ${y1} ${x1} ${y1}`, fill: "none" });
        lines.append(p);
        return p;
      }));
    });
    lines.append(svg("circle", { cx: out.x, cy: out.y, r: 4 }));
    if (last) paint(last);
  }

  function paint(f: Frame): void {
    last = f;
    if (f.maps.length !== tiles.length || f.maps.some((m, c) => m.length !== tiles[c].length)) return; // of an older network
    tiles.forEach((column, c) => column.forEach((b, i) => heat(b.firstElementChild as HTMLCanvasElement, bytes(f.maps[c][i]), 32)));
    paths.forEach((list, c) => {
      const most = Math.max(1, ...f.weights[c].map(Math.abs));
      list.forEach((p, k) => {
        const w = f.weights[c][k], share = Math.abs(w) / most;
        p.style.stroke = css(Math.sign(w));
        p.style.strokeOpacity = String(0.12 + 0.78 * share);
        p.style.strokeWidth = String(0.5 + 4 * share);
        p.style.strokeDasharray = w < 0 ? "5 4" : "none";
      });
    });
    describe();
  }

  // describe says what the unit under the pointer, or with the focus, computes.
  function describe(): void {
    if (!last) return;
    if (!chosen || !last.maps[chosen[0]]?.[chosen[1]]) {
      caption.textContent = "Point at a unit, or move to it with the tab key, to see what it computes.";
      o.look();
      return;
    }
    const [c, i] = chosen, s = o.setup();
    const name = c ? `layer ${c}, unit ${i + 1}` : `feature ${s.features[i]}`;
    o.look(bytes(last.maps[c][i]), name);
    if (!c) { caption.textContent = name; return; }
    const from = c === 1 ? s.features : last.maps[c - 1].map((_, k) => `h${k + 1}`);
    const n = s.layers[c - 1].units;
    const terms = from.map((f, k) => `${number(last!.weights[c - 1][k * n + i])}·${f}`).join(" + ").replaceAll("+ −", "− ");
    caption.textContent = `${name} = ${s.layers[c - 1].act}(${terms} + ${number(last.biases[c - 1][i])})`.replaceAll("+ −", "− ");
  }

  new ResizeObserver(() => controls()).observe(element);
  return { element, controls, paint };
}
