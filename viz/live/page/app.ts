// Each page fills the document's main element; which one it is, the server says.
import { playground } from "./playground";
import { step } from "./step";
import { graph } from "./graph";

const pages: Record<string, (main: HTMLElement) => void> = { playground, step, graph };

const main = document.getElementById("main")!;
pages[document.body.dataset.page!]?.(main);
