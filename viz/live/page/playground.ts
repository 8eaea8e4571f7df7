// The playground: a small network that learns points of the plane, with a picture
// of what each unit sees.
import { el, field, number, say, select, svg, typing } from "./dom";
import { bytes, listen, post } from "./server";
import { css, themed } from "./color";
import { curves, thin } from "./curves";
import { activations, features, first, fromHash, maxLayers, maxUnits, optimizers, Point, Setup, toHash } from "./setup";
import { network, Network } from "./network";
import { board } from "./board";

export interface Frame {
  epoch: number;
  train: { loss: number; accuracy: number };
  test: { loss: number; accuracy: number };
  boundary: string;
  maps: string[][];
  weights: number[][];
  biases: number[][];
  points?: { train: Point[]; test: Point[] };
}

// Saved is a playground in a file.
interface Saved { setup: Setup; epoch: number; weights: number[][]; biases: number[][] }

export function playground(main: HTMLElement): void {
  let setup = fromHash(location.hash);
  let id = "", playing = false, last: Frame | undefined;
  const shown = { train: [] as Point[], test: [] as Point[] };
  const history = { epoch: [] as number[], train: [] as number[], test: [] as number[] };

  const message = el("p", { class: "message", role: "alert" });
  const play = el("button", { class: "primary", id: "play", onclick: () => order(playing ? "pause" : "play") }, "▶ Train");
  const epoch = el("output", { id: "epoch", class: "big" }, "0");
  const losses = el("div", { class: "scores", id: "scores" });
  const chart = svg("svg");
  const code = el("pre", { tabIndex: 0, id: "code", "aria-label": "Go code of this network" });
  const picture = board({
    add: (p) => own([...points(), p]),
    remove: (near) => own(points().filter((p) => p !== near)),
    points: () => points(),
  });
  const net: Network = network({
    setup: () => setup,
    change,
    look: (map, name) => picture.look(map, name),
  });

  function points(): Point[] {
    return setup.data === "own" ? setup.points : [...shown.train, ...shown.test];
  }

  // own makes the points the user's own.
  function own(points: Point[]): void {
    change({ data: "own", points });
  }

  // change takes in what the user wants and starts again.
  function change(part: Partial<Setup>): void {
    setup = { ...setup, ...part };
    window.history.replaceState(null, "", toHash(setup));
    controls();
    void send({ setup });
  }

  // save makes a file of the setup and the weights.
  function save(): void {
    if (!last) return;
    const what: Saved = { setup, epoch: last.epoch, weights: last.weights, biases: last.biases };
    const href = URL.createObjectURL(new Blob([JSON.stringify(what)], { type: "application/json" }));
    el("a", { href, download: "playground.json" }).click();
    setTimeout(() => URL.revokeObjectURL(href), 10_000);
    say("Saved as playground.json");
  }

  // restore goes on from what a file has.
  async function restore(what: Saved): Promise<void> {
    if (!(await send({ saved: what }))) return;
    setup = { ...first, ...what.setup, points: what.setup.points ?? [] };
    playing = false;
    window.history.replaceState(null, "", toHash(setup));
    controls();
    show();
    say(`Opened a network of epoch ${what.epoch}`);
  }

  const opened = el("input", { type: "file", accept: ".json,application/json", id: "open" });
  opened.onchange = async () => {
    const f = opened.files?.[0];
    opened.value = "";
    if (!f) return;
    if (f.size > 1 << 20) { message.textContent = `${f.name} has ${f.size} bytes: a saved playground has at most 1 MiB`; return; }
    try {
      await restore(JSON.parse(await f.text()) as Saved);
      if (message.textContent) message.textContent = `${f.name}: ${message.textContent}`;
    } catch (e) {
      message.textContent = `${f.name}: ${(e as Error).message}`;
    }
  };

  async function order(verb: string): Promise<void> {
    if (await send({ do: verb })) {
      if (verb !== "reset") playing = verb === "play";
      show();
    }
  }

  async function send(o: object): Promise<boolean> {
    if (!id) return false;
    try {
      await post("playground/" + id, { speed: +speed.value, ...o });
      message.textContent = "";
      return true;
    } catch (e) {
      message.textContent = (e as Error).message;
      if ("setup" in o) picture.paint(undefined, setup.points, []); // what is drawn so far
      return false;
    }
  }

  function show(): void {
    play.textContent = playing ? "❚❚ Pause" : "▶ Train";
    play.setAttribute("aria-pressed", String(playing));
  }

  function frame(f: Frame): void {
    if (f.points) {
      Object.assign(shown, f.points);
      history.epoch = []; history.train = []; history.test = [];
      if (code.parentElement instanceof HTMLDetailsElement && code.parentElement.open) void writeCode();
    }
    last = f;
    history.epoch.push(f.epoch);
    history.train.push(f.train.loss);
    history.test.push(f.test.loss);
    thinAll();
    paint();
  }

  function thinAll(): void {
    if (history.epoch.length <= 600) return;
    const copy = [...history.epoch];
    thin(history.epoch, history.train, 600);
    thin(copy, history.test, 600);
  }

  function paint(): void {
    if (!last) return;
    epoch.textContent = String(last.epoch);
    const row = (name: string, s: { loss: number; accuracy: number }, style: string) =>
      el("div", {}, el("i", { class: "key " + style }), el("b", {}, name), el("span", {}, "loss ", el("output", {}, s.loss.toFixed(3))), el("span", {}, el("output", {}, (100 * s.accuracy).toFixed(1)), " % right"));
    losses.replaceChildren(row("training", last.train, "line-1"), row("test", last.test, "line-2 dashed"));
    curves(chart, [
      { name: "training", x: history.epoch, y: history.train, style: "line-1" },
      { name: "test", x: history.epoch, y: history.test, style: "line-2 dashed" },
    ], { title: "Loss over epochs", zero: true });
    picture.paint(bytes(last.boundary), shown.train, test.checked ? shown.test : []);
    net.paint(last);
  }

  async function writeCode(): Promise<void> {
    try {
      code.textContent = await post<string>("playground/code", setup);
    } catch (e) {
      code.textContent = (e as Error).message;
    }
  }

  // The controls, made again when the setup changes so that they always show it.
  const data = el("fieldset", { class: "choices" }), training = el("div", { class: "bar fields" });
  const test = el("input", { type: "checkbox", id: "test", onchange: paint });
  const speed = el("input", { type: "range", min: "1", max: "40", value: "2", id: "speed", onchange: () => send({}) });

  function slider(name: "noise" | "count" | "share", label: string, min: number, max: number, step: number, unit = ""): HTMLElement {
    const out = el("output", {}, number(setup[name]) .replace(/\.?0+$/, "") + unit);
    const input = el("input", { type: "range", id: name, min: String(min), max: String(max), step: String(step), value: String(setup[name]) });
    input.oninput = () => { out.textContent = input.value + unit; };
    input.onchange = () => change({ [name]: +input.value });
    return field(label, input, out);
  }

  function pick(name: "rate" | "batch" | "dropout" | "l1" | "l2", label: string, choices: number[]): HTMLElement {
    const list = choices.includes(setup[name]) ? choices : [...choices, setup[name]].sort((a, b) => a - b);
    const s = select(list.map(String), String(setup[name]), (v) => change({ [name]: +v }));
    s.id = name;
    return field(label, s);
  }

  function controls(): void {
    const focus = document.activeElement?.id;
    const names: [string, string][] = [["circle", "circle"], ["xor", "xor"], ["gauss", "gauss"], ["spiral", "spiral"], ["moons", "moons"], ["own", "own"]];
    data.replaceChildren(
      el("legend", {}, "Data"),
      el("div", { class: "segments" }, ...names.map(([value, label]) => {
        const r = el("input", { type: "radio", name: "data", id: "data-" + value, value, checked: setup.data === value });
        r.onchange = () => change(value === "own" && !setup.points.length ? { data: value, points: [...shown.train, ...shown.test] } : { data: value });
        return el("label", {}, r, el("span", {}, label));
      })),
      ...(setup.data === "own" ? ownControls() : [slider("count", "points", 20, 1000, 10), slider("noise", "noise", 0, 2, 0.05)]),
      slider("share", "share for training", 0.1, 0.9, 0.1),
      el("div", { class: "field" }, el("span", {}, "features"), el("div", { class: "checks" }, ...features.map((f) => {
        const c = el("input", { type: "checkbox", id: "feature-" + f, checked: setup.features.includes(f) });
        c.onchange = () => change({ features: features.filter((g) => (g === f ? c.checked : setup.features.includes(g))) });
        return el("label", {}, c, el("span", {}, f));
      }))),
    );
    const seed = el("input", { type: "number", min: "0", max: "999999", value: String(setup.seed), id: "seed" });
    seed.onchange = () => change({ seed: Math.max(0, Math.floor(+seed.value) || 0) });
    const optimizer = select(optimizers, setup.optimizer, (v) => change({ optimizer: v }));
    optimizer.id = "optimizer";
    training.replaceChildren(
      field("optimizer", optimizer),
      pick("rate", "learning rate", [0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3]),
      pick("batch", "batch", [1, 5, 10, 20, 50, 100, 500]),
      pick("dropout", "dropout", [0, 0.1, 0.2, 0.3, 0.5]),
      pick("l1", "L1", [0, 0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03]),
      pick("l2", "L2", [0, 0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03]),
      field("seed", seed),
    );
    net.controls();
    if (focus) document.getElementById(focus)?.focus();
  }

  function ownControls(): HTMLElement[] {
    const file = el("input", { type: "file", accept: ".csv,text/csv,text/plain", id: "csv" });
    file.onchange = async () => {
      const f = file.files?.[0];
      if (!f) return;
      if (f.size > 1 << 20) { message.textContent = `${f.name} has ${f.size} bytes: at most 1 MiB, about 50,000 lines, is read`; return; }
      try {
        own(await post<Point[]>("playground/csv", f));
      } catch (e) {
        message.textContent = `${f.name}: ${(e as Error).message}`;
      }
    };
    return [
      el("p", { class: "hint" }, "Click the plane to add points; with the keyboard, move with the arrows and press 0 or 1."),
      field("or a CSV of x, y, class", file),
      el("button", { id: "clear", onclick: () => own([]) }, "Remove all points"),
    ];
  }

  const details = el("details", { class: "panel", ontoggle: () => writeCode() }, el("summary", {}, "Show the Go code of this network"), code);
  main.replaceChildren(
    el("h1", { class: "off-screen" }, "Playground"),
    el("div", { class: "bar", role: "toolbar", "aria-label": "Training" },
      play,
      el("button", { id: "step", onclick: () => order("step") }, "One epoch"),
      el("button", { id: "reset", onclick: () => order("reset") }, "Start again"),
      el("div", { class: "count" }, el("span", {}, "epoch"), epoch),
      field("speed", speed),
      training),
    message,
    el("div", { class: "play" },
      el("section", { class: "panel", "aria-label": "Data" }, data),
      el("section", { class: "panel wide", "aria-label": "Network" }, net.element),
      el("section", { class: "panel", "aria-label": "Output" }, picture.element,
        el("label", { class: "check" }, test, el("span", {}, "show test points")), losses, chart)),
    details,
    el("div", { class: "bar", role: "toolbar", "aria-label": "File" },
      el("button", { id: "save", onclick: save }, "Save this network"), field("or open a saved one", opened)),
    el("p", { class: "hint" }, "Keys: space trains and pauses, s trains one epoch, r starts again. Blue and solid is positive, orange and dashed negative; class 1 is a circle, class 0 a triangle."));
  controls();
  show();

  document.addEventListener("keydown", (e) => {
    if (typing(e)) return;
    const verb = { " ": playing ? "pause" : "play", s: "step", r: "reset" }[e.key];
    if (!verb) return;
    e.preventDefault();
    void order(verb);
  });
  window.addEventListener("hashchange", () => { setup = fromHash(location.hash); controls(); void send({ setup }); });
  themed(() => { paint(); net.controls(); });
  listen("playground/events", {
    hello: (h) => {
      id = h.id;
      if (h.saved && !location.hash) { void restore(h.saved); return; }
      void send({ setup }).then((ok) => ok && playing && send({ do: "play" }));
    },
    frame,
    mistake: (text) => { message.textContent = text; playing = false; show(); },
  }, () => { id = ""; message.textContent = "The server does not answer any more. The page goes on as soon as it does."; });
  say("Playground ready");
}
