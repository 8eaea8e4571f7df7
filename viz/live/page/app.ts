// Each page fills the document's main element; which one it is, the server says.
import { playground } from "./playground";
import { step } from "./step";
import { graph } from "./graph";
import { trainPage } from "./train";
import { loss } from "./loss";
import { explain } from "./explain";

const pages: Record<string, (main: HTMLElement) => void> = { playground, step, graph, train: trainPage, loss, explain };

const main = document.getElementById("main")!;
pages[document.body.dataset.page!]?.(main);
