// Formulas: as MathML, which browsers draw by themselves.
import { el } from "./dom";

export interface Formula { text: string; mathml: string }

// math shows a formula, or its text where there is no MathML.
export function math(f: Formula | undefined, style = "formula"): HTMLElement {
  const p = el("p", { class: style });
  if (!f?.mathml) { p.textContent = f?.text ?? ""; return p; }
  const m = new DOMParser().parseFromString(f.mathml, "text/html").querySelector("math");
  p.append(m ? document.adoptNode(m) : f.text);
  return p;
}
