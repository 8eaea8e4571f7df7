// Elements of the document.

type Props = Record<string, unknown>;

// el makes an element: props that are functions or properties of it are set as
// such, the others as attributes.
export function el<K extends keyof HTMLElementTagNameMap>(tag: K, props: Props = {}, ...children: (Node | string)[]): HTMLElementTagNameMap[K] {
  const e = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (name === "class") e.className = String(value);
    else if (name in e && !name.startsWith("aria-")) (e as any)[name] = value;
    else e.setAttribute(name, String(value));
  }
  e.append(...children);
  return e;
}

const space = "http://www.w3.org/2000/svg";

// svg makes an element of a picture.
export function svg(tag: string, attributes: Record<string, string | number> = {}, ...children: (Node | string)[]): SVGElement {
  const e = document.createElementNS(space, tag);
  for (const [name, value] of Object.entries(attributes)) e.setAttribute(name, String(value));
  e.append(...children);
  return e;
}

// say reads a text to those who do not see the page.
export function say(text: string): void {
  document.getElementById("live")!.textContent = text;
}

// field is a control with its label, and perhaps an output in that: so the control
// has an id for the label to name.
export function field(label: string, control: HTMLElement, note?: HTMLElement): HTMLLabelElement {
  return el("label", { class: "field", htmlFor: control.id }, el("span", {}, label, ...(note ? [" ", note] : [])), control);
}

// select is a list of choices.
export function select(choices: string[], value: string, change: (value: string) => void, label?: string): HTMLSelectElement {
  const s = el("select", label ? { "aria-label": label } : {}, ...choices.map((c) => el("option", { value: c }, c)));
  s.value = value;
  s.onchange = () => change(s.value);
  return s;
}

// typing says whether a key belongs to the control that has the focus.
export function typing(e: KeyboardEvent): boolean {
  const t = e.target as HTMLElement;
  return e.ctrlKey || e.metaKey || e.altKey || /^(INPUT|SELECT|TEXTAREA|BUTTON|SUMMARY|A)$/.test(t.tagName) && !(t instanceof HTMLInputElement && t.type === "range" && e.key === " ");
}

// number writes a number with about three digits and a true minus sign.
export function number(v: number): string {
  if (!Number.isFinite(v)) return String(v);
  const a = Math.abs(v);
  const text = a === 0 ? "0" : a >= 1e5 || a < 1e-3 ? a.toExponential(2) : a.toFixed(a >= 100 ? 1 : 3);
  return (v < 0 ? "−" : "") + text;
}
