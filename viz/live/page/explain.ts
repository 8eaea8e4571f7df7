// The page that asks models of images, of sequences and of tables why they answer as
// they do.
import { el, number, say, select } from "./dom";
import { post } from "./server";
import { css, themed } from "./color";
import { attention } from "./attention";
import { table } from "./table";

type Pixels = (number | null)[][];
interface Answer { shares: number[]; class: number; image: Pixels; map: Pixels; note: string }
interface Unit { channels: Pixels[]; weight: Pixels; product: Pixels; field: [number, number, number, number]; rest: number; sum: number; value: number; unit: [number, number, number] }

const methods: [string, string][] = [
  ["integrated gradients", "Shares of each pixel in what the score gained on the way from an empty image."],
  ["saliency", "How much the score changes with each pixel."],
  ["gradient × input", "Each pixel times the score's slope in it."],
  ["SmoothGrad", "Saliency, averaged over noisy copies."],
  ["guided", "The slope, on paths that speak for the score alone."],
  ["Grad-CAM", "Where the last convolution finds what speaks for the class."],
  ["occlusion", "How far the score falls when a patch is painted over."],
  ["what it looks for", "An image that makes the score large, drawn from grey: the same for all images."],
];

const models: Record<string, [string, (into: HTMLElement) => void]> = { images: ["Images", images], attention: ["Attention", attention], table: ["Table", table] };

// explain shows the part that the address names behind its #.
export function explain(main: HTMLElement): void {
  const into = el("div", {}), links = el("nav", { class: "parts", "aria-label": "Models" });
  const show = () => {
    const name = location.hash.slice(1) in models ? location.hash.slice(1) : "images";
    links.replaceChildren(...Object.entries(models).map(([id, [title]]) => el("a", { href: "#" + id, ...(id === name ? { "aria-current": "true" } : {}) }, title)));
    models[name][1](into);
  };
  main.replaceChildren(el("h1", { class: "off-screen" }, "Explain"), links, into);
  window.addEventListener("hashchange", () => { show(); (links.querySelector("[aria-current]") as HTMLElement).focus(); });
  show();
}

function images(main: HTMLElement): void {
  let image = 0, method = methods[0][0], kind = -1, unit: [number, number, number] = [0, -1, -1], answer: Answer | undefined, made: Unit | undefined, asked = 0;
  const message = el("p", { class: "message", role: "status" }, "A small network learns to read digits. This takes some seconds, once.");
  const gallery = el("div", { class: "gallery", role: "group", "aria-label": "Images" });
  const picture = el("canvas", { role: "img", id: "image" }), map = el("canvas", { role: "img", id: "map" });
  const note = el("p", { class: "hint", id: "note" }), about = el("p", {});
  const shares = el("div", { class: "shares", id: "shares" });
  const channels = el("div", { class: "gallery", id: "channels" });
  const parts = el("div", { class: "flow", id: "parts" });

  // paint draws numbers, in their own scale around 0, or ink on paper.
  function paint(canvas: HTMLCanvasElement, m: Pixels, ink = false): void {
    canvas.width = m[0].length;
    canvas.height = m.length;
    const c = canvas.getContext("2d")!;
    const most = Math.max(1e-12, ...m.flat().map((v) => Math.abs(v ?? 0)));
    m.forEach((row, y) => row.forEach((v, x) => {
      const g = Math.round(255 - 235 * Math.max(0, v ?? 0));
      c.fillStyle = v === null ? "#d0021b" : ink ? `rgb(${g} ${g} ${g})` : css(v / most);
      c.fillRect(x, y, 1, 1);
    }));
  }

  // ask says that it computes if that takes a while, and drops what is overtaken.
  async function ask(): Promise<void> {
    const mine = ++asked;
    const slow = setTimeout(() => { if (mine === asked && answer) { map.setAttribute("aria-busy", "true"); note.textContent = `Computing: ${method} …`; } }, 150);
    try {
      const a = await post<Answer>("explain/ask", { image, class: kind, method, unit });
      if (mine !== asked) return;
      answer = a;
      message.textContent = "";
      show();
      say(`${method}: class ${answer.class}, ${(100 * answer.shares[answer.class]).toFixed(1)} percent`);
    } catch (e) { message.textContent = (e as Error).message; } finally {
      clearTimeout(slow);
      if (mine === asked) map.removeAttribute("aria-busy");
    }
  }

  async function askUnit(): Promise<void> {
    try {
      made = await post<Unit>("explain/unit", { image, class: kind, method, unit });
      unit = made.unit;
      showUnit();
    } catch (e) { parts.replaceChildren(el("p", { class: "hint" }, (e as Error).message)); }
  }

  function show(): void {
    if (!answer) return;
    paint(picture, answer.image, true);
    paint(map, answer.map);
    const flat = answer.map.flat().map((v) => v ?? 0);
    map.setAttribute("aria-label", `map from ${number(Math.min(...flat))} to ${number(Math.max(...flat))}`);
    picture.setAttribute("aria-label", "image " + (image + 1));
    about.textContent = methods.find((m) => m[0] === method)![1];
    note.textContent = answer.note || `From ${number(Math.min(...flat))} (orange) to ${number(Math.max(...flat))} (blue).`;
    shares.replaceChildren(...answer.shares.map((p, i) => {
      const bar = el("i", {});
      bar.style.width = 100 * p + "%";
      const b = el("button", { class: "share", "aria-pressed": String(i === answer!.class), onclick: () => { kind = i; void ask(); } }, el("b", {}, String(i)), el("span", {}, bar), el("output", {}, (100 * p).toFixed(1) + " %"));
      return b;
    }));
    gallery.querySelectorAll("button").forEach((b, i) => b.setAttribute("aria-pressed", String(i === image)));
  }

  function showUnit(): void {
    if (!made) return;
    const u = made;
    channels.replaceChildren(...u.channels.map((m, k) => {
      const c = el("canvas", {});
      paint(c, m);
      const b = el("button", { "aria-label": `channel ${k + 1}`, "aria-pressed": String(k === unit[0]), class: "tile" }, c);
      b.onclick = (e) => {
        const r = c.getBoundingClientRect(), inside = e.detail > 0; // by the keyboard: the place stays
        const at = (v: number, n: number) => Math.max(0, Math.min(n - 1, Math.floor(v * n)));
        unit = inside ? [k, at((e.clientY - r.top) / r.height, m.length), at((e.clientX - r.left) / r.width, m[0].length)] : [k, unit[1], unit[2]];
        void askUnit();
      };
      b.onkeydown = (e) => {
        const d = ({ ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] } as Record<string, number[]>)[e.key];
        if (!d) return;
        e.preventDefault();
        unit = [k, Math.max(0, Math.min(m.length - 1, unit[1] + d[0])), Math.max(0, Math.min(m[0].length - 1, unit[2] + d[1]))];
        void askUnit().then(() => (channels.children[k] as HTMLElement).focus());
      };
      return b;
    }));
    const [y0, x0, y1, x1] = u.field;
    const cut = (m: Pixels) => m.slice(y0, y1).map((r) => r.slice(x0, x1));
    const show = (title: string, m: Pixels, ink = false) => {
      const c = el("canvas", { role: "img", "aria-label": title });
      paint(c, cut(m), ink);
      return el("figure", { class: "tensor patch" }, el("figcaption", {}, el("b", {}, title), ` ${y1 - y0}×${x1 - x0}`), c);
    };
    if (y1 <= y0 || !answer) { parts.replaceChildren(el("p", {}, "This unit depends on no pixel.")); return; }
    parts.replaceChildren(show("pixels", answer.image, true), el("span", { class: "arrow" }, "×"), show("weights", u.weight), el("span", { class: "arrow" }, "="), show("products", u.product),
      el("p", { id: "sum" }, `Σ products ${number(u.sum)} + rest ${number(u.rest)} = ${number(u.value)}`, el("br"), el("span", { class: "hint" }, `channel ${unit[0] + 1}, row ${unit[1] + 1}, column ${unit[2] + 1}; it sees rows ${y0 + 1} to ${y1} and columns ${x0 + 1} to ${x1}`)));
  }

  const choose = select(methods.map((m) => m[0]), method, (m) => { method = m; void ask(); });
  choose.id = "method";
  main.replaceChildren(
    message,
    el("div", { class: "explain" },
      el("section", { class: "panel" }, el("h2", {}, "Images"), gallery),
      el("section", { class: "panel" }, el("div", { class: "pair" }, el("figure", { class: "board" }, el("figcaption", {}, "image"), picture), el("figure", { class: "board" }, choose, map)), about, note),
      el("section", { class: "panel" }, el("h2", {}, "What it takes it for"), shares, el("p", { class: "hint" }, "Choose a class to ask what speaks for it."))),
    el("section", { class: "panel unit-panel" }, el("h2", {}, "What a unit is made of"), el("p", { class: "hint" }, "The channels of the last convolution: click a place, or move with the arrow keys."), channels, parts));
  themed(() => { show(); showUnit(); });
  post<Pixels[]>("explain/images", {}).then((images) => {
    message.textContent = "";
    gallery.replaceChildren(...images.map((m, i) => {
      const c = el("canvas", {});
      paint(c, m, true);
      return el("button", { class: "tile", "aria-label": `image ${i + 1}`, onclick: () => { image = i; kind = -1; void ask().then(askUnit); } }, c);
    }));
    void ask().then(askUnit);
  }).catch((e) => { message.textContent = (e as Error).message; });
}
