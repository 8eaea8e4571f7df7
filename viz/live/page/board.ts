// The plane of the playground: what the network says of each place, and the points.
import { el, say } from "./dom";
import { css, heat } from "./color";
import type { Point } from "./setup";

const size = 300, reach = 6;

export function board(o: { add: (p: Point) => void; remove: (p: Point) => void; points: () => Point[] }) {
  const canvas = el("canvas", { width: 2 * size, height: 2 * size, tabIndex: 0, id: "boundary", role: "img", "aria-label": "The plane: what the network says of each place, and the points. Arrows move, 0 and 1 add a point, Delete removes the nearest." });
  const name = el("figcaption", {}, "");
  const kind = el("select", { id: "class", "aria-label": "class of points to add" }, el("option", { value: "1" }, "● class 1"), el("option", { value: "0" }, "▲ class 0"));
  const element = el("figure", { class: "board" }, canvas, el("div", { class: "legend" }, name, el("label", {}, "click adds ", kind)));
  const small = el("canvas");
  let boundary: Uint8Array | undefined, train: Point[] = [], test: Point[] = [], unit: Uint8Array | undefined;
  let cursor: [number, number] | undefined;

  function draw(): void {
    const c = canvas.getContext("2d")!;
    const map = unit ?? boundary;
    c.clearRect(0, 0, 2 * size, 2 * size);
    if (map) {
      heat(small, map, Math.sqrt(map.length), 0.75);
      c.imageSmoothingEnabled = true;
      c.imageSmoothingQuality = "high";
      c.drawImage(small, 0, 0, 2 * size, 2 * size);
    }
    for (const p of train) mark(c, p, true);
    for (const p of test) mark(c, p, false);
    if (cursor) {
      const [x, y] = place(cursor[0], cursor[1]);
      c.strokeStyle = getComputedStyle(canvas).color;
      c.lineWidth = 2;
      c.beginPath();
      c.moveTo(x - 14, y); c.lineTo(x + 14, y); c.moveTo(x, y - 14); c.lineTo(x, y + 14);
      c.stroke();
    }
  }

  function place(x: number, y: number): [number, number] {
    return [(x / reach + 1) * size, (1 - y / reach) * size];
  }

  function mark(c: CanvasRenderingContext2D, p: Point, solid: boolean): void {
    const [x, y] = place(p[0], p[1]), r = 6.5;
    c.beginPath();
    if (p[2] === 1) c.arc(x, y, r, 0, 2 * Math.PI);
    else { c.moveTo(x, y - r - 1); c.lineTo(x + r, y + r - 2); c.lineTo(x - r, y + r - 2); c.closePath(); }
    c.fillStyle = solid ? css(p[2] === 1 ? 1 : -1) : "transparent";
    c.strokeStyle = solid ? "#fff" : css(p[2] === 1 ? 1 : -1);
    c.lineWidth = solid ? 1.6 : 2.4;
    c.fill();
    c.stroke();
  }

  canvas.onclick = (e) => {
    const b = canvas.getBoundingClientRect();
    const x = ((e.clientX - b.left) / b.width * 2 - 1) * reach, y = (1 - (e.clientY - b.top) / b.height * 2) * reach;
    o.add([x, y, e.shiftKey ? 1 - +kind.value : +kind.value]);
  };
  canvas.onkeydown = (e) => {
    const step = e.shiftKey ? 1 : 0.25;
    const move = ({ ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, step], ArrowDown: [0, -step] } as Record<string, [number, number]>)[e.key];
    if (move) {
      cursor = cursor ?? [0, 0];
      cursor = cursor.map((v, i) => Math.max(-reach, Math.min(reach, v + move[i]))) as [number, number];
      say(`${cursor[0]}, ${cursor[1]}`);
      draw();
    } else if (e.key === "0" || e.key === "1") {
      cursor = cursor ?? [0, 0];
      o.add([cursor[0], cursor[1], +e.key]);
    } else if (e.key === "Delete" || e.key === "Backspace") {
      const at = cursor ?? [0, 0];
      const near = o.points().toSorted((a, b) => Math.hypot(a[0] - at[0], a[1] - at[1]) - Math.hypot(b[0] - at[0], b[1] - at[1]))[0];
      if (near) o.remove(near);
    } else return;
    e.preventDefault();
    e.stopPropagation();
  };
  canvas.onblur = () => { cursor = undefined; draw(); };

  return {
    element,
    paint(map: Uint8Array | undefined, a: Point[], b: Point[]): void {
      if (map) boundary = map;
      train = a; test = b;
      draw();
    },
    look(map?: Uint8Array, of?: string): void {
      unit = map;
      draw();
      name.textContent = of ?? "output";
    },
  };
}
