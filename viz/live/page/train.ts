// The page of a training: curves while it goes on, histograms of weights and
// gradients over time, and finished runs beside it.
import { el, field, number, say, select, svg, typing } from "./dom";
import { listen, load, post } from "./server";
import { curves, Line } from "./curves";

interface Curve { x: number[]; y: number[] }
interface Histogram { low: number | null; high: number | null; bins: number[] | null }
interface Shapes { step: number; name: string; weights: Histogram; slopes: Histogram }
interface News { status: string; step: number; loss: number | null; fresh: boolean; curves: ({ name: string; all: boolean } & Curve)[]; shapes: Shapes[] }
interface Replay { name: string; curves: Record<string, Curve> }

export function trainPage(main: HTMLElement): void {
  let data: Record<string, Curve> = {}, replays: Replay[] = [], shapes: Record<string, Shapes[]> = {}, status = "", asked = 0, seen = 0;
  const message = el("p", { class: "message", role: "alert" });
  const state = el("output", { class: "big", id: "status" });
  const now = el("output", { id: "now" });
  const pause = el("button", { class: "primary", id: "pause", onclick: () => order(status === "paused" ? "resume" : "pause") }, "❚❚ Pause");
  const one = el("button", { id: "one", onclick: () => order("step") }, "One step");
  const stop = el("button", { id: "stop", onclick: () => order("stop") }, "Stop");
  const log = el("input", { type: "checkbox", id: "log", onchange: paint });
  const smoothing = el("input", { type: "range", min: "0", max: "0.99", step: "0.01", value: "0.9", id: "smoothing", oninput: paint });
  const charts = el("div", { class: "charts", id: "charts" }), ridges = el("div", { class: "charts", id: "ridges" });
  const parameter = select([], "", paint);
  parameter.id = "parameter";

  async function order(verb: string): Promise<void> {
    try {
      await post("train/" + verb, {});
      message.textContent = "";
    } catch (e) { message.textContent = (e as Error).message; }
  }

  function take(n: News): void {
    if (n.fresh) { data = {}; shapes = {}; seen = 0; }
    for (const c of n.curves) {
      const old = data[c.name];
      if (c.all || !old) data[c.name] = { x: c.x ?? [], y: c.y ?? [] };
      else { old.x.push(...(c.x ?? [])); old.y.push(...(c.y ?? [])); }
    }
    for (const s of n.shapes) {
      const list = (shapes[s.name] ??= []);
      list.push(s);
      if (list.length > 30) shapes[s.name] = list.filter((_, i) => i % 2 === 0 || i === list.length - 1); // fewer, as they grow
    }
    if (n.status !== status) say("training: " + (n.status || "none yet"));
    status = n.status;
    now.textContent = n.step ? `step ${n.step}, loss ${n.loss === null ? "not finite" : number(n.loss)}` : "";
    ask();
  }

  const ask = () => { asked ||= requestAnimationFrame(() => { asked = 0; paint(); }); };

  // smooth is the running mean that forgets, without its start at zero.
  function smooth(c: Curve, beta: number): Curve {
    beta **= Math.max(1, 400 / c.x.length); // few points are smoothed little
    let m = 0, weight = 0;
    return { x: c.x, y: c.y.map((v) => { m = beta * m + (1 - beta) * v; weight = beta * weight + 1 - beta; return m / weight; }) };
  }

  function chart(title: string, lines: Line[], note: HTMLElement[] = [], o: { log?: boolean } = {}): HTMLElement {
    const picture = svg("svg");
    curves(picture, lines, { title, log: o.log });
    return el("section", { class: "panel" }, el("h2", {}, title), picture, el("p", { class: "keys" }, ...note));
  }

  function keyed(lines: Line[]): HTMLElement[] {
    return lines.filter((l) => !l.style.includes("faint")).map((l) => el("span", {}, el("i", { class: "key " + l.style }), ` ${l.name} `, el("output", {}, l.y.length ? number(l.y[l.y.length - 1]) : "")));
  }

  function paint(): void {
    state.textContent = status || "no training yet";
    pause.textContent = status === "paused" ? "▶ Go on" : "❚❚ Pause";
    const over = status !== "running" && status !== "paused";
    pause.disabled = one.disabled = stop.disabled = over;
    const beta = +smoothing.value, list: HTMLElement[] = [];
    for (const name of Object.keys(data)) {
      if (name.startsWith("epoch ") || name.startsWith("gradient norm of ")) continue;
      const soft = smooth(data[name], beta);
      const lines = beta > 0 ? [{ name, ...data[name], style: "line-1 faint" }, { name, ...soft, style: "line-1" }] : [{ name, ...data[name], style: "line-1" }];
      list.push(chart(name === "loss" ? "loss of each step" : name, lines, keyed(lines), { log: log.checked }));
    }
    const norms = Object.keys(data).filter((n) => n.startsWith("gradient norm of ")).slice(0, 6);
    if (norms.length) {
      const lines = norms.map((n, i) => ({ name: n.slice("gradient norm of ".length), ...data[n], style: `line-${i + 1}` + (i % 2 ? " dashed" : "") }));
      list.push(chart("gradient norm of each parameter", lines, keyed(lines), { log: true }));
    }
    // figures of epochs: this run's and finished ones', training solid, validation dashed
    const figures = new Set([data, ...replays.map((r) => r.curves)].flatMap((c) => Object.keys(c)).filter((n) => n.startsWith("epoch ")).map((n) => n.slice(6).replace(/^val_/, "")));
    for (const figure of figures) {
      const lines: Line[] = [];
      [{ name: "this run", curves: data }, ...replays].forEach((run, i) => {
        for (const [prefix, style, note] of [["", "", ""], ["val_", " dashed", ", validation"]]) {
          const c = run.curves["epoch " + prefix + figure];
          if (c?.x.length) lines.push({ name: run.name + note, ...c, style: `line-${(i % 6) + 1}${style}` });
        }
      });
      list.push(chart(`${figure} of each epoch`, lines, keyed(lines), { log: log.checked && figure === "loss" }));
    }
    if (!list.length) list.push(el("section", { class: "panel" }, el("h2", {}, "Nothing to see yet"), el("p", {}, "Give the server's Recorder to the training's callbacks: what it does shows here while this page is open. A finished run shows if the server is told its history.")));
    charts.replaceChildren(...list);
    const names = Object.keys(shapes);
    if (names.length !== seen) {
      seen = names.length;
      const old = parameter.value;
      parameter.replaceChildren(...names.map((n) => el("option", { value: n }, n)));
      parameter.value = names.includes(old) ? old : names[0] ?? "";
    }
    const of = shapes[parameter.value];
    ridges.replaceChildren(...(of ? [ridge("weights", of, (s) => s.weights, "line-1"), ridge("gradients", of, (s) => s.slopes, "line-2")] : []));
    (parameter.parentElement as HTMLElement).hidden = !names.length;
  }

  // ridge draws histograms over time, the newest in front.
  function ridge(title: string, list: Shapes[], of: (s: Shapes) => Histogram, style: string): HTMLElement {
    const shown = list.filter((s) => of(s).bins?.length && of(s).low !== null);
    const lo = Math.min(...shown.map((s) => of(s).low!)), hi = Math.max(...shown.map((s) => of(s).high!));
    const picture = svg("svg", { viewBox: "0 0 360 190", class: "curves ridge", role: "img" }, svg("title", {}, `${title} of ${parameter.value} over steps, from ${number(lo)} to ${number(hi)}`));
    const X = (v: number) => 44 + (308 * (v - lo)) / (hi - lo || 1);
    shown.forEach((s, k) => {
      const h = of(s), base = 60 + (108 * k) / Math.max(1, shown.length - 1), most = Math.max(...h.bins!);
      const width = (h.high! - h.low!) / h.bins!.length;
      let d = `M${X(h.low!).toFixed(1)} ${base.toFixed(1)}`;
      h.bins!.forEach((n, i) => { d += `L${X(h.low! + (i + 0.5) * width).toFixed(1)} ${(base - (46 * n) / most).toFixed(1)}`; });
      picture.append(svg("path", { d: d + `L${X(h.high!).toFixed(1)} ${base.toFixed(1)}`, class: style }));
      if (k === 0 || k === shown.length - 1) picture.append(svg("text", { x: 40, y: base, "text-anchor": "end" }, String(s.step)));
    });
    if (shown.length) for (const v of [lo, (lo + hi) / 2, hi]) picture.append(svg("text", { x: X(v), y: 186, "text-anchor": "middle" }, number(v)));
    return el("section", { class: "panel" }, el("h2", {}, `${title} of ${parameter.value}`), picture, el("p", { class: "hint" }, "each line is a histogram, the latest in front; the number on the left is the step"));
  }

  main.replaceChildren(
    el("h1", { class: "off-screen" }, "Training"),
    el("div", { class: "bar", role: "toolbar", "aria-label": "Training" }, pause, one, stop,
      el("div", { class: "count" }, el("span", {}, "training"), state), el("div", { class: "count now" }, el("span", {}, "now"), now),
      field("smoothing", smoothing), el("label", { class: "check" }, log, el("span", {}, "logarithmic"))),
    message, charts,
    el("div", { class: "bar" }, field("parameter", parameter)), ridges,
    el("p", { class: "hint" }, "Keys: space pauses and goes on, s makes one step, l turns the scale of the loss. What happens while no page is open is not recorded, but for what epochs gave."));
  document.addEventListener("keydown", (e) => {
    if (typing(e)) return;
    const act = ({ " ": () => order(status === "paused" ? "resume" : "pause"), s: () => order("step"), l: () => { log.checked = !log.checked; paint(); } } as Record<string, () => void>)[e.key];
    if (!act) return;
    e.preventDefault();
    act();
  });
  load<Replay[]>("train/replays").then((r) => { replays = r; ask(); }).catch((e) => { message.textContent = (e as Error).message; });
  listen("train/events", { news: take }, () => { message.textContent = "The server does not answer any more. The page goes on as soon as it does."; });
  paint();
}
