// Reading a graph without the canvas: a tree that says what is drawn, and keys that
// walk along its edges.
import { el, say } from "./dom";
import { Box, Layout, painter } from "./painter";

type Painter = ReturnType<typeof painter>;

// reader makes the canvas say what is chosen on it. What the page does with it is its
// own: chosen is called with the box and what is said of it, or without one.
export function reader(canvas: HTMLCanvasElement, paint: Painter, chosen: (b: Box | undefined, text: string) => void) {
  let layout: Layout | undefined, at = -1;
  const id = (i: number) => `${canvas.id}-box-${i}`;
  const tree = el("ul", { class: "off-screen", role: "tree", id: canvas.id + "-tree", "aria-label": "The boxes that are shown" });

  // show takes a new picture, in which nothing is chosen.
  function show(of: Layout): void {
    [layout, at] = [of, -1];
    canvas.removeAttribute("aria-activedescendant");
    paint.highlight(undefined);
    tree.replaceChildren(...of.boxes.slice(0, 200).map((b, i) => {
      let level = 1;
      for (let g = b.group; g >= 0; g = of.groups[g].parent) level++;
      const item = el("li", { role: "treeitem", "aria-level": level, "aria-selected": "false", id: id(i) }, label(b));
      item.onclick = () => choose(i);
      return item;
    }));
  }

  function label(b: Box): string {
    return [b.title, b.line, b.kind, b.times ? `${b.times} times` : ""].filter(Boolean).join(", ");
  }

  // choose chooses a box, or none, and shows its paths.
  function choose(i: number): void {
    if (!layout) return;
    if (at >= 0) document.getElementById(id(at))?.setAttribute("aria-selected", "false");
    at = i;
    if (i < 0) { paint.highlight(undefined); chosen(undefined, ""); return; }
    const b = layout.boxes[i];
    document.getElementById(id(i))?.setAttribute("aria-selected", "true");
    canvas.setAttribute("aria-activedescendant", id(i));
    paint.highlight(i, related(i));
    const text = label(b);
    say(text);
    chosen(b, text);
  }

  // users are, for each box, the boxes that read it.
  let usersOf: Layout | undefined, users: number[][] = [];
  function readers(): number[][] {
    if (usersOf !== layout) {
      usersOf = layout;
      users = layout!.boxes.map(() => []);
      layout!.boxes.forEach((b, i) => (b.in ?? []).forEach((j) => users[j].push(i)));
    }
    return users;
  }

  // related are the boxes on paths to and from a box.
  function related(i: number): Set<number> {
    const seen = new Set<number>([i]);
    for (const next of [(k: number) => layout!.boxes[k].in ?? [], (k: number) => readers()[k]]) {
      const stack = [i], passed = new Set<number>([i]);
      while (stack.length) for (const j of next(stack.pop()!)) if (!passed.has(j)) { passed.add(j); seen.add(j); stack.push(j); }
    }
    return seen;
  }

  function go(i: number): void { choose(i); paint.reveal(i); }

  // walk moves along edges, or sideways to the nearest box.
  function walk(key: string): void {
    if (!layout || !layout.boxes.length) return;
    if (at < 0) { go(layout.boxes.length - 1); return; }
    const here = layout.boxes[at], center = (b: Box) => b.x + b.w / 2;
    let next = -1;
    if (key === "ArrowUp" || key === "ArrowDown") {
      const near = key === "ArrowUp" ? here.in ?? [] : readers()[at];
      next = [...near].sort((a, b) => Math.abs(center(layout!.boxes[a]) - center(here)) - Math.abs(center(layout!.boxes[b]) - center(here)))[0] ?? -1;
    } else {
      const side = key === "ArrowLeft" ? -1 : 1;
      let best = Infinity;
      layout.boxes.forEach((b, i) => {
        const dx = (center(b) - center(here)) * side, dy = Math.abs(b.y + b.h / 2 - here.y - here.h / 2);
        if (i !== at && dx > 1 && dx + 4 * dy < best) { best = dx + 4 * dy; next = i; }
      });
    }
    if (next >= 0) go(next);
  }

  // keys are what the keys do on any graph.
  const keys: Record<string, (key: string) => void> = {
    ArrowUp: walk, ArrowDown: walk, ArrowLeft: walk, ArrowRight: walk, Escape: () => choose(-1),
    "+": () => paint.zoom(1.25), "=": () => paint.zoom(1.25), "-": () => paint.zoom(0.8), "0": () => paint.fit(),
  };

  return { tree, keys, show, choose, go, chosen: () => layout?.boxes[at] };
}
