// The page that walks through a training step: forward to the loss, backward to the
// parameters, then their update, one op at a time.
import { el, say, typing } from "./dom";
import { post } from "./server";
import { tensor, View } from "./tensor";
import { themed } from "./color";
import { Formula, math } from "./formula";

interface LessonNode {
  name: string; op: string; kind: string; type: string; scope: string; pos: string; in: number[];
  text: string; formula: Formula; gradient: Formula;
  value: View; slope?: View; after?: View;
  terms: { user: number; value: View }[];
}

interface State { iteration: number; nodes: LessonNode[] }

interface Stop { phase: "forward" | "backward" | "update"; node: number }

export function step(main: HTMLElement): void {
  let state: State | undefined, stops: Stop[] = [], at = 0, timer = 0;
  const message = el("p", { class: "message", role: "alert" });
  const tape = el("div", { class: "tape panel", "aria-label": "The ops of the step" });
  const card = el("section", { class: "panel card", id: "card", "aria-label": "This op" });
  const iteration = el("output", { class: "big", id: "iteration" });
  const loss = el("output", { class: "big", id: "loss" });
  const play = el("button", { class: "primary", id: "play", onclick: toggle }, "▶ Play");
  const speed = el("input", { type: "range", min: "1", max: "10", value: "3", id: "speed" });

  function toggle(): void {
    if (timer) { clearTimeout(timer); timer = 0; } else tick();
    play.textContent = timer ? "❚❚ Pause" : "▶ Play";
  }
  function tick(): void {
    timer = window.setTimeout(() => { void next().then(() => timer && tick()); }, 2400 / +speed.value);
  }

  async function order(verb: string, then: () => void): Promise<void> {
    try {
      state = await post<State>("step/" + verb, {});
      message.textContent = "";
      plan();
      then();
      list();
      show();
    } catch (e) {
      message.textContent = (e as Error).message;
      if (timer) toggle();
    }
  }

  function plan(): void {
    const ops = state!.nodes.map((_, i) => i).filter((i) => state!.nodes[i].kind === "op");
    stops = [
      ...ops.map((node) => ({ phase: "forward", node }) as Stop),
      ...ops.filter((i) => state!.nodes[i].slope).reverse().map((node) => ({ phase: "backward", node }) as Stop),
      ...state!.nodes.map((_, i) => i).filter((i) => state!.nodes[i].after).map((node) => ({ phase: "update", node }) as Stop),
    ];
  }

  async function next(): Promise<void> {
    if (!state) return;
    if (at < stops.length - 1) { at++; show(); } else await order("update", () => { at = 0; });
  }
  function back(): void { if (at > 0) { at--; show(); } }
  function to(k: number): void { at = Math.max(0, Math.min(stops.length - 1, k)); show(); }

  const bar = (i: number) => el("span", { class: "bar-over" }, state!.nodes[i].name);

  // list makes the tape: a row for each op, forward on the left, backward on the right.
  function list(): void {
    const rows: HTMLElement[] = [el("div", { class: "tape-head" }, el("span", {}, "forward ↓"), el("span", {}, "backward ↑"))];
    const cell = (k: number, ...content: (Node | string)[]) => k < 0 ? el("span", {}) :
      el("button", { class: "cell " + stops[k].phase, id: "stop-" + k, onclick: () => to(k), tabIndex: -1 }, ...content);
    state!.nodes.forEach((n, i) => {
      if (n.kind !== "op") return;
      const find = (phase: string) => stops.findIndex((s) => s.phase === phase && s.node === i);
      const args = n.in.map((j) => state!.nodes[j].name).join(", ");
      rows.push(el("div", { class: "tape-row" },
        cell(find("forward"), el("b", {}, n.name), ` = ${n.op}(${args})`),
        cell(find("backward"), ...n.in.filter((j) => state!.nodes[j].slope).flatMap((j, k) => [k ? ", " : "", bar(j)]), " from ", bar(i))));
    });
    rows.push(el("div", { class: "tape-head" }, el("span", {}, "update")));
    const updates = el("div", { class: "tape-row updates" });
    stops.forEach((s, k) => { if (s.phase === "update") updates.append(cell(k, state!.nodes[s.node].name)); });
    rows.push(updates);
    tape.replaceChildren(...rows);
  }

  function show(): void {
    if (!state) return;
    iteration.textContent = String(state.iteration);
    const last = state.nodes[state.nodes.length - 1];
    loss.textContent = last.value.values ? last.value.values[0].toFixed(4) : "";
    const s = stops[at];
    stops.forEach((_, k) => {
      const c = document.getElementById("stop-" + k);
      if (!c) return;
      c.classList.toggle("done", k < at);
      if (k === at) { c.setAttribute("aria-current", "step"); c.scrollIntoView({ block: "nearest" }); } else c.removeAttribute("aria-current");
    });
    card.replaceChildren(...(s.phase === "forward" ? forward(s.node) : s.phase === "backward" ? backward(s.node) : update(s.node)));
    card.dataset.phase = s.phase;
    card.dataset.node = String(s.node);
    card.dataset.at = String(at);
    say(card.querySelector("h2")!.textContent + ". " + (card.querySelector(".formula")?.textContent ?? ""));
  }

  // operands are the letters that formulas use for the operands of a node.
  function operands(n: LessonNode): string[] {
    return n.in.length === 1 ? ["x"] : n.in.map((_, k) => "abcdefgh"[k] ?? "…");
  }

  function where(n: LessonNode): HTMLElement {
    return el("p", { class: "hint" }, [n.pos && `at ${n.pos}`, n.scope && `in layer ${n.scope}`, n.type].filter(Boolean).join(" · "));
  }

  function forward(i: number): HTMLElement[] {
    const n = state!.nodes[i], letters = operands(n);
    return [
      el("p", { class: "phase forward" }, `forward, step ${at + 1} of ${stops.length}`),
      el("h2", {}, `${n.name} = ${n.op}(${n.in.map((j) => state!.nodes[j].name).join(", ")})`),
      math(n.formula),
      el("p", {}, n.text),
      el("div", { class: "flow" },
        ...n.in.map((j, k) => tensor(state!.nodes[j].name, state!.nodes[j].value, letters[k])),
        el("span", { class: "arrow", "aria-label": "gives" }, "→"),
        tensor(n.name, n.value, "y", "result")),
      where(n),
    ];
  }

  function backward(i: number): HTMLElement[] {
    const n = state!.nodes[i], letters = operands(n);
    const seed = i === state!.nodes.length - 1;
    const parts: HTMLElement[] = [];
    n.in.forEach((j, k) => {
      const x = state!.nodes[j];
      if (!x.slope) return;
      const mine = x.terms.filter((t) => t.user === i);
      if (!mine.length) return parts.push(tensor(bar(j), x.slope, letters[k] + "̄", "slope-" + j));
      if (x.terms.length === 1) return parts.push(tensor(bar(j), mine[0].value, letters[k] + "̄", "slope-" + j));
      // Several ops use x: what they send back adds up, the latest first.
      const sent = x.terms.filter((t) => t.user >= i).sort((a, b) => b.user - a.user);
      const sum = el("div", { class: "sum", id: "sum-" + j });
      sent.forEach((t, m) => sum.append(m ? el("span", { class: "arrow" }, "+") : "", tensor(el("span", {}, "from ", state!.nodes[t.user].name), t.value, t.user === i ? "this op" : "before")));
      if (sent.length === x.terms.length) sum.append(el("span", { class: "arrow" }, "="), tensor(bar(j), x.slope, "sum", "slope-" + j));
      else sum.append(el("p", { class: "hint" }, `and what ${x.terms.length - sent.length} more will add`));
      parts.push(el("div", { class: "adds" }, el("p", {}, `${x.name} is used ${x.terms.length} times, so what comes back adds up:`), sum));
    });
    return [
      el("p", { class: "phase backward" }, `backward, step ${at + 1} of ${stops.length}`),
      el("h2", {}, `back through ${n.name} = ${n.op}(${n.in.map((j) => state!.nodes[j].name).join(", ")})`),
      n.gradient.text ? math(n.gradient) : el("p", { class: "formula" }, "the op's own rule"),
      el("p", {}, seed ? "Here the way back begins: the loss changes by 1 where the loss changes by 1." : "What the loss gains for each unit of the result (a bar stands for that) becomes what it gains for each unit of the operands."),
      el("div", { class: "flow" },
        tensor(bar(i), n.slope!, "ȳ", "incoming"),
        ...n.in.map((j, k) => tensor(state!.nodes[j].name, state!.nodes[j].value, letters[k])),
        el("span", { class: "arrow", "aria-label": "gives" }, "→"),
        ...parts),
      where(n),
    ];
  }

  function update(i: number): HTMLElement[] {
    const n = state!.nodes[i];
    const change = structuredClone(n.value);
    if (n.value.values && n.after!.values) {
      change.values = n.value.values.map((v, k) => n.after!.values![k] - v);
      change.min = Math.min(...change.values);
      change.max = Math.max(...change.values);
    }
    return [
      el("p", { class: "phase update" }, `update, step ${at + 1} of ${stops.length}`),
      el("h2", {}, `the optimizer moves ${n.name}`),
      el("p", { class: "formula" }, `${n.name} ← ${n.name} + change`),
      el("p", {}, "The optimizer reads the gradient and moves the parameter where the loss falls. All parameters move together, after all gradients are known."),
      el("div", { class: "flow" },
        tensor(n.name, n.value, "before"), ...(n.slope ? [tensor(bar(i), n.slope, "gradient")] : []),
        ...(n.value.values ? [el("span", { class: "arrow" }, "→"), tensor("change", change)] : []),
        el("span", { class: "arrow" }, "→"), tensor(n.name, n.after!, "after", "result")),
      where(n),
    ];
  }

  main.replaceChildren(
    el("h1", { class: "off-screen" }, "One training step, op by op"),
    el("div", { class: "bar", role: "toolbar", "aria-label": "Walk" },
      el("button", { id: "back", onclick: back }, "◀ Back"), el("button", { id: "next", onclick: () => next() }, "Next ▶"), play,
      el("label", { class: "field" }, el("span", {}, "speed"), speed),
      el("button", { id: "update", onclick: () => order("update", () => { at = 0; }) }, "Whole step"),
      el("button", { id: "reset", onclick: () => order("reset", () => { at = 0; }) }, "Start again"),
      el("div", { class: "count" }, el("span", {}, "steps made"), iteration),
      el("div", { class: "count" }, el("span", {}, "loss"), loss)),
    message,
    el("div", { class: "walk" }, tape, card),
    el("p", { class: "hint" }, "Keys: → and ← go on and back, space plays, home and end jump, u makes a whole step, r starts again."));

  document.addEventListener("keydown", (e) => {
    if (typing(e)) return;
    const act = ({
      ArrowRight: () => next(), ArrowLeft: back, ArrowDown: () => next(), ArrowUp: back, Home: () => to(0), End: () => to(stops.length - 1), " ": toggle,
      u: () => order("update", () => { at = 0; }), r: () => order("reset", () => { at = 0; }),
    } as Record<string, () => unknown>)[e.key];
    if (!act) return;
    e.preventDefault();
    act();
  });
  themed(show);
  void order("look", () => { at = 0; });
}
