// The canvas of the graph: draws what is in view, in as much detail as can be read.
import { mix, Pixels, RGBA, rgba } from "./pixels";

export interface Box {
  x: number; y: number; w: number; h: number; kind: string; title: string; line?: string; group: number; pill?: boolean;
  times?: number; scope?: string; nodes: number[]; in?: number[]; of: number; tooltip?: string;
}
interface Group { x: number; y: number; w: number; h: number; path: string; title: string; parent: number; times?: number; right?: boolean }
interface Edge { kind: string; value: number; to: number; points: [number, number][] }
export interface Layout {
  title?: string; text: string; width: number; height: number; groups: Group[]; boxes: Box[]; edges: Edge[];
  marks: { at: [number, number]; plus?: boolean; value: number }[]; labels: { at: [number, number]; text: string; style: string; mid?: boolean }[];
}
interface Number { share: number; text: string }

// The fill and the border of each kind, for light and dark pages.
const kinds: Record<string, [string, string, string, string]> = {
  elementwise: ["#ede9fb", "#7c66c4", "#2d2750", "#a493e8"], linear: ["#dceafc", "#3b78c2", "#173556", "#6aa8ee"],
  reduce: ["#d9f1f3", "#2b8391", "#123c43", "#58bccb"], view: ["#f1f4f8", "#7f8c9e", "#222d3d", "#7d8ca1"],
  random: ["#f6e6f7", "#9a4fa3", "#3d2142", "#cf8bd6"], control: ["#e9eedc", "#6d7f3d", "#2f3819", "#b3c57c"],
  input: ["#dcf3e6", "#2f8a5f", "#143d2b", "#5cc393"], param: ["#fdf0cf", "#b98416", "#463612", "#e0b043"],
  const: ["#eef0f3", "#7f8c9e", "#252e3c", "#7d8ca1"], loss: ["#fbe0e6", "#bf4160", "#4c1d2b", "#ee7f9a"],
  folded: ["#e8eef6", "#5b6f8a", "#24324a", "#8ba3c7"], gradient: ["#feeadb", "#cf6a1b", "#4a2a12", "#f29a52"],
  update: ["#f3f0e2", "#8f8445", "#38341d", "#cbbd6a"], mistake: ["#fff1f0", "#c62828", "#3f1414", "#ff7b72"],
};
const inks = { light: { page: "#ffffff", ink: "#0f172a", soft: "#475569", faint: "#536175", forward: "#64748b", backward: "#cf6a1b", saved: "#8b7cc8", group: "#64748b0e", border: "#b9c3d0", strong: "#2171b5" },
  dark: { page: "#1c2027", ink: "#f1f5f9", soft: "#c3cedd", faint: "#a3b1c4", forward: "#93a4ba", backward: "#f29a52", saved: "#a493e8", group: "#cbd5e10f", border: "#46556a", strong: "#6cb2f0" } };

export function painter(canvas: HTMLCanvasElement, on: { choose: (i: number) => void; toggle: (path: string, open: boolean) => void }) {
  const c = canvas.getContext("2d", { alpha: false })!;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  let l: Layout | undefined, scale = 1, dx = 0, dy = 0, asked = 0, ratio = 1, width = 1, height = 1;
  let bounds = new Float32Array(), chosen: number | undefined, near: Set<number> | undefined;
  let numbers: (Number | undefined)[] | undefined, alarm = false;

  const ask = () => { asked ||= requestAnimationFrame(() => { asked = 0; draw(); }); };

  function resize(): void {
    ratio = devicePixelRatio || 1;
    width = canvas.clientWidth || 1;
    height = canvas.clientHeight || 1;
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    ask();
  }

  function draw(): void {
    const k = dark.matches ? inks.dark : inks.light;
    const x0 = -dx / scale, y0 = -dy / scale, x1 = x0 + width / scale, y1 = y0 + height / scale;
    const inView = (x: number, y: number, w: number, h: number) => x < x1 && y < y1 && x + w > x0 && y + h > y0;
    c.setTransform(1, 0, 0, 1, 0, 0);
    c.fillStyle = k.page;
    if (!l || scale >= far) c.fillRect(0, 0, canvas.width, canvas.height);
    if (!l) return;
    if (scale < far) afar(k, inView);
    c.setTransform(ratio * scale, 0, 0, ratio * scale, ratio * dx, ratio * dy);
    if (scale >= far) {
      const words = scale * 12 >= 6.5;
      groups(k, inView, words);
      edges(k, inView);
      boxes(k, inView, words);
      for (const m of l.marks) if (inView(m.at[0] - 6, m.at[1] - 6, 12, 12)) dot(k, m);
      if (words) labels(k, inView);
    }
    choice(k);
  }

  // afar draws boxes and lines that are too small for corners and words.
  const far = 0.25, pixels = new Pixels();
  function afar(k: Ink, inView: InView): void {
    const s = ratio * scale, ox = ratio * dx, oy = ratio * dy, line = Math.max(1.5 * s, 0.2);
    const faded = ([r, g, b, a]: RGBA, share: number): RGBA => [r, g, b, a * share];
    pixels.clear(canvas.width, canvas.height, rgba(k.page));
    for (const g of l!.groups) {
      if (!inView(g.x, g.y, g.w, g.h)) continue;
      const x = g.x * s + ox, y = g.y * s + oy, w = g.w * s, h = g.h * s, border = rgba(k.border);
      pixels.area(x, y, x + w, y + h, rgba(k.group));
      pixels.line(x, y, x + w, y, line, border);
      pixels.line(x, y + h, x + w, y + h, line, border);
      pixels.line(x, y, x, y + h, line, border);
      pixels.line(x + w, y, x + w, y + h, line, border);
    }
    for (const kind of ["forward", "saved", "backward"] as const) {
      for (const pass of near ? [false, true] : [undefined]) {
        const color = faded(rgba(k[kind]), pass === false ? 0.22 : kind === "saved" ? 0.6 : 1);
        l!.edges.forEach((e, i) => {
          if (e.kind !== kind || !edgeInView(i, inView) || (pass !== undefined && onPath(e) !== pass)) return;
          const p = e.points, b = 4 * i;
          if ((bounds[b + 2] - bounds[b] + bounds[b + 3] - bounds[b + 1]) * s < 1.5) return; // no longer than wide
          for (let j = 1; j < p.length; j++) {
            pixels.line(p[j - 1][0] * s + ox, p[j - 1][1] * s + oy, p[j][0] * s + ox, p[j][1] * s + oy, pass ? Math.max(line, 0.8) : line, color);
          }
        });
      }
    }
    const colors = new Map<string, RGBA>();
    l!.boxes.forEach((b, i) => {
      if (!inView(b.x, b.y, b.w, b.h)) return;
      const name = look(i);
      let color = colors.get(name);
      if (!color) {
        const [fill, border] = fills(k, name);
        colors.set(name, color = name in kinds ? mix(rgba(fill), rgba(border), 0.55) : rgba(fill));
      }
      const x = b.x * s + ox, y = b.y * s + oy;
      pixels.area(x, y, x + b.w * s, y + b.h * s, near && !near.has(i) ? faded(color, 0.35) : color);
    });
    pixels.show(c);
  }

  type Ink = (typeof inks)["light"];
  type InView = (x: number, y: number, w: number, h: number) => boolean;

  function groups(k: Ink, inView: InView, words: boolean): void {
    c.lineWidth = 1;
    c.textBaseline = "alphabetic";
    for (const g of l!.groups) {
      if (!inView(g.x, g.y, g.w, g.h)) continue;
      c.fillStyle = k.group;
      c.strokeStyle = k.border;
      c.beginPath();
      c.roundRect(g.x, g.y, g.w, g.h, 10);
      c.fill();
      c.stroke();
      if (!words) continue;
      c.font = "bold 11px system-ui";
      c.fillStyle = k.soft;
      c.textAlign = g.right ? "right" : "left";
      c.fillText("− " + g.title + (g.times ? ` ×${g.times}` : ""), g.right ? g.x + g.w - 10 : g.x + 10, g.y + 15);
    }
  }

  function edgeInView(i: number, inView: InView): boolean {
    const b = 4 * i;
    return inView(bounds[b], bounds[b + 1], bounds[b + 2] - bounds[b] + 0.1, bounds[b + 3] - bounds[b + 1] + 0.1);
  }

  // onPath says whether an edge is one of the paths of what is chosen.
  function onPath(e: Edge): boolean { return near!.has(e.value) && (e.to < 0 || near!.has(e.to)); }

  // edges draws all lines of a kind at once.
  function edges(k: Ink, inView: InView): void {
    for (const kind of ["forward", "saved", "backward"] as const) {
      for (const pass of near ? [false, true] : [undefined]) {
        c.beginPath();
        l!.edges.forEach((e, i) => {
          if (e.kind !== kind || !edgeInView(i, inView) || (pass !== undefined && onPath(e) !== pass)) return;
          trace(e.points);
          if (e.to >= 0) tip(e.points);
        });
        c.setLineDash(kind === "saved" ? [4, 3] : []);
        c.strokeStyle = k[kind];
        c.globalAlpha = pass === false ? 0.22 : 1;
        c.lineWidth = pass ? 2.6 : 1.5;
        c.stroke();
      }
    }
    c.globalAlpha = 1;
    c.setLineDash([]);
  }

  function trace(p: [number, number][]): void {
    c.moveTo(p[0][0], p[0][1]);
    for (let i = 1; i < p.length - 1; i++) {
      const r = Math.min(8, Math.hypot(p[i][0] - p[i - 1][0], p[i][1] - p[i - 1][1]) / 2, Math.hypot(p[i + 1][0] - p[i][0], p[i + 1][1] - p[i][1]) / 2);
      c.arcTo(p[i][0], p[i][1], p[i + 1][0], p[i + 1][1], r);
    }
    c.lineTo(p[p.length - 1][0], p[p.length - 1][1]);
  }

  function tip(p: [number, number][]): void {
    if (p.length < 2) return;
    const [x, y] = p[p.length - 1], [fx, fy] = p[p.length - 2];
    const n = Math.hypot(x - fx, y - fy) || 1, ux = (x - fx) / n, uy = (y - fy) / n;
    c.moveTo(x - 6 * ux - 3.4 * uy, y - 6 * uy + 3.4 * ux);
    c.lineTo(x, y);
    c.lineTo(x - 6 * ux + 3.4 * uy, y - 6 * uy - 3.4 * ux);
  }

  function dot(k: Ink, m: Layout["marks"][number]): void {
    c.beginPath();
    c.arc(m.at[0], m.at[1], m.plus ? 6 : 2.6, 0, 2 * Math.PI);
    c.fillStyle = m.plus ? k.page : k.forward;
    c.fill();
    if (!m.plus) return;
    c.strokeStyle = k.backward;
    c.lineWidth = 1.5;
    c.moveTo(m.at[0] - 3, m.at[1]); c.lineTo(m.at[0] + 3, m.at[1]);
    c.moveTo(m.at[0], m.at[1] - 3); c.lineTo(m.at[0], m.at[1] + 3);
    c.stroke();
  }

  // look names how a box is filled: by its kind, or by its share of an overlay.
  function look(i: number): string {
    if (!numbers) return l!.boxes[i].kind;
    const n = numbers[i];
    return "o" + (n ? Math.round(8 * n.share) : "");
  }

  // fills are the colours of a look and of its border.
  function fills(k: Ink, name: string): [string, string] {
    const style = kinds[name], day = dark.matches ? 2 : 0;
    return style ? [style[day], style[day + 1]] : [overlayFill(k, name), k.border];
  }

  function boxes(k: Ink, inView: InView, words: boolean): void {
    const byLook = new Map<string, number[]>();
    l!.boxes.forEach((b, i) => {
      if (!inView(b.x - 4, b.y - 4, b.w + 12, b.h + 12)) return;
      const name = look(i), list = byLook.get(name);
      list ? list.push(i) : byLook.set(name, [i]);
    });
    for (const [name, list] of byLook) {
      [c.fillStyle, c.strokeStyle] = fills(k, name);
      c.lineWidth = 1.2;
      c.setLineDash(name === "const" ? [3, 2] : []);
      for (const passing of near ? [false, true] : [undefined]) {
        c.beginPath();
        for (const i of list) {
          const b = l!.boxes[i];
          if (passing !== undefined && near!.has(i) !== passing) continue;
          if (b.times) c.roundRect(b.x + 4, b.y + 4, b.w, b.h, 7);
          c.roundRect(b.x, b.y, b.w, b.h, b.pill ? b.h / 2 : 7);
        }
        c.globalAlpha = passing === false ? 0.35 : 1;
        c.fill();
        c.stroke();
      }
    }
    c.globalAlpha = 1;
    c.setLineDash([]);
    if (!words) return;
    c.textAlign = "center";
    c.textBaseline = "middle";
    for (const pass of [0, 1]) { // one font at a time
      c.font = pass ? "10.5px system-ui" : "bold 12px system-ui";
      for (const list of byLook.values()) for (const i of list) {
        const b = l!.boxes[i], text = pass ? (numbers?.[i]?.text ?? b.line) : b.title + (b.times ? ` ×${b.times}` : "") + (b.scope ? " +" : "");
        if (!text) continue;
        c.globalAlpha = near && !near.has(i) ? 0.35 : 1;
        c.fillStyle = numbers?.[i] && numbers[i]!.share > 0.6 ? "#fff" : pass ? k.soft : k.ink;
        const two = !!(b.line || numbers?.[i]) && b.h >= 34;
        if (pass && !two) continue;
        c.fillText(text, b.x + b.w / 2, b.y + b.h / 2 + (two ? (pass ? 9 : -7) : 0), b.w - 6);
      }
    }
    c.globalAlpha = 1;
  }

  // choice frames the box that is chosen.
  function choice(k: Ink): void {
    if (chosen === undefined) return;
    const b = l!.boxes[chosen];
    c.strokeStyle = k.strong;
    c.lineWidth = 3 / Math.min(1, scale);
    c.beginPath();
    c.roundRect(b.x - 3, b.y - 3, b.w + 6, b.h + 6, b.pill ? b.h / 2 + 3 : 9);
    c.stroke();
  }

  function labels(k: Ink, inView: InView): void {
    c.textBaseline = "alphabetic";
    for (const t of l!.labels) {
      if (!inView(t.at[0] - 120, t.at[1] - 20, 240, 40)) continue;
      c.font = t.style === "title" ? "bold 17px system-ui" : t.style === "heading" ? "bold 15px system-ui" : "10px system-ui";
      c.fillStyle = t.style === "saved" ? k.saved : t.style === "heading" || t.style === "title" ? k.ink : k.faint;
      c.textAlign = t.mid ? "center" : "left";
      c.fillText(t.text, t.at[0], t.at[1]);
    }
  }

  function overlayFill(k: Ink, name: string): string {
    if (name === "o") return k.page;
    const t = +name.slice(1) / 8, from = dark.matches ? [36, 44, 56] : [240, 243, 247], to = alarm ? [190, 30, 60] : [17, 92, 160];
    return "#" + from.map((v, i) => Math.round(v + (to[i] - v) * t).toString(16).padStart(2, "0")).join("");
  }

  // fit shows all, but no larger than life.
  function fit(): void {
    if (!l) return;
    scale = Math.min(1.15, width / l.width, Math.max(height / l.height, 0.02));
    if (l.height * Math.min(1, width / l.width) > height * 2.2 && l.boxes.length <= 300) scale = Math.min(1, Math.max(0.7, scale), width / l.width);
    dx = (width - l.width * scale) / 2;
    dy = Math.max(0, (height - l.height * scale) / 2);
    ask();
  }

  function zoomAt(factor: number, x: number, y: number): void {
    const next = Math.min(6, Math.max(0.01, scale * factor));
    dx = x - ((x - dx) * next) / scale;
    dy = y - ((y - dy) * next) / scale;
    scale = next;
    ask();
  }

  function hit(e: MouseEvent): { box: number; group: number } {
    const r = canvas.getBoundingClientRect();
    const x = (e.clientX - r.left - dx) / scale, y = (e.clientY - r.top - dy) / scale;
    const inside = (b: { x: number; y: number; w: number; h: number }) => x >= b.x && x <= b.x + b.w && y >= b.y && y <= b.y + b.h;
    let box = -1, group = -1;
    l?.boxes.forEach((b, i) => { if (inside(b)) box = i; });
    l?.groups.forEach((g, i) => { if (inside(g) && y <= g.y + 22) group = i; });
    return { box, group };
  }

  let drag: { x: number; y: number; moved: boolean } | undefined;
  canvas.onpointerdown = (e) => { drag = { x: e.clientX, y: e.clientY, moved: false }; canvas.setPointerCapture(e.pointerId); };
  canvas.onpointermove = (e) => {
    if (!drag) return;
    const mx = e.clientX - drag.x, my = e.clientY - drag.y;
    if (!drag.moved && Math.hypot(mx, my) < 4) return;
    drag = { x: e.clientX, y: e.clientY, moved: true };
    dx += mx; dy += my;
    ask();
  };
  canvas.onpointerup = (e) => { if (drag && !drag.moved) on.choose(hit(e).box); drag = undefined; };
  canvas.ondblclick = (e) => {
    const h = hit(e);
    if (h.box >= 0 && l!.boxes[h.box].scope) on.toggle(l!.boxes[h.box].scope!, true);
    else if (h.group >= 0) on.toggle(l!.groups[h.group].path, false);
  };
  canvas.addEventListener("wheel", (e) => {
    e.preventDefault();
    const r = canvas.getBoundingClientRect();
    if (e.shiftKey) { dx -= e.deltaY; ask(); } else zoomAt(Math.exp(-e.deltaY * 0.0015), e.clientX - r.left, e.clientY - r.top);
  }, { passive: false });
  new ResizeObserver(resize).observe(canvas);

  return {
    show(layout: Layout, fitting: boolean): void {
      l = layout;
      numbers = undefined; chosen = undefined; near = undefined;
      bounds = new Float32Array(4 * l.edges.length);
      l.edges.forEach((e, i) => {
        let [a, b, p, q] = [Infinity, Infinity, -Infinity, -Infinity];
        for (const [x, y] of e.points) { a = Math.min(a, x); b = Math.min(b, y); p = Math.max(p, x); q = Math.max(q, y); }
        bounds.set([a, b, p, q], 4 * i);
      });
      resize();
      if (fitting) fit();
    },
    highlight(i: number | undefined, of?: Set<number>): void { chosen = i; near = of; ask(); },
    overlay(list: (Number | undefined)[] | undefined, red = false): void { numbers = list; alarm = red; ask(); },
    reveal(i: number): void {
      const b = l!.boxes[i];
      if (scale < 0.5) scale = 0.8;
      const x = b.x * scale + dx, y = b.y * scale + dy;
      if (x < 20 || y < 20 || x + b.w * scale > width - 20 || y + b.h * scale > height - 20) {
        dx = width / 2 - (b.x + b.w / 2) * scale;
        dy = height / 2 - (b.y + b.h / 2) * scale;
      }
      ask();
    },
    zoom(f: number): void { zoomAt(f, width / 2, height / 2); },
    fit,
    themed(): void { ask(); },
    // measure zooms from everything to life size and back, moving to and fro, and
    // returns the time of each frame in milliseconds, until it is drawn.
    async measure(frames: number): Promise<number[]> {
      const list: number[] = [];
      const s = scale, x = dx, y = dy;
      for (let i = 0; i < frames; i++) {
        await new Promise((next) => setTimeout(next)); // a frame of the screen may be long in coming
        const start = performance.now();
        const way = 1 - Math.abs((2 * i) / frames - 1);
        zoomAt((s * (1 / s) ** way) / scale, width / 2, height / 2);
        dx += i % 20 < 10 ? 14 : -14;
        cancelAnimationFrame(asked);
        asked = 0;
        draw();
        c.getImageData(0, 0, 1, 1); // until it is drawn
        list.push(performance.now() - start);
      }
      [scale, dx, dy] = [s, x, y];
      ask();
      return list;
    },
  };
}
