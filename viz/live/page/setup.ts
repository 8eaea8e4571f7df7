// What the playground's page says of data, network and training, and its form in
// the address.

export type Point = [number, number, number]; // x, y and class

export interface Setup {
  data: string;
  points: Point[];
  noise: number;
  count: number;
  share: number;
  features: string[];
  layers: { units: number; act: string }[];
  dropout: number;
  l1: number;
  l2: number;
  optimizer: string;
  rate: number;
  batch: number;
  seed: number;
}

export const features = ["x", "y", "x²", "y²", "xy", "sin x", "sin y"];
export const activations = ["tanh", "relu", "sigmoid", "gelu", "silu", "softplus", "sin", "identity"];
export const optimizers = ["sgd", "momentum", "adagrad", "rmsprop", "adam", "lion"];
export const maxLayers = 6, maxUnits = 12;

export const first: Setup = {
  data: "circle", points: [], noise: 0.2, count: 300, share: 0.5, features: ["x", "y"],
  layers: [{ units: 6, act: "tanh" }, { units: 4, act: "tanh" }],
  dropout: 0, l1: 0, l2: 0, optimizer: "adam", rate: 0.01, batch: 20, seed: 1,
};

// toHash writes a setup; own points are in it while they are few.
export function toHash(s: Setup): string {
  const q = new URLSearchParams();
  for (const name of ["data", "noise", "count", "share", "dropout", "l1", "l2", "optimizer", "rate", "batch", "seed"] as const) q.set(name, String(s[name]));
  q.set("features", s.features.join(","));
  q.set("layers", s.layers.map((l) => l.units + l.act).join(","));
  if (s.data === "own" && s.points.length <= 200) q.set("points", s.points.map((p) => p.map((v) => +v.toFixed(2)).join(" ")).join(","));
  return "#" + q;
}

// fromHash reads a setup; what is missing or makes no sense is as in the first one.
export function fromHash(hash: string): Setup {
  const q = new URLSearchParams(hash.replace(/^#/, ""));
  const s: Setup = structuredClone(first);
  const text = (name: "data" | "optimizer") => { s[name] = q.get(name) ?? s[name]; };
  const value = (name: "noise" | "count" | "share" | "dropout" | "l1" | "l2" | "rate" | "batch" | "seed") => {
    const v = Number(q.get(name));
    if (q.has(name) && Number.isFinite(v)) s[name] = v;
  };
  text("data");
  text("optimizer");
  (["noise", "count", "share", "dropout", "l1", "l2", "rate", "batch", "seed"] as const).forEach(value);
  if (q.has("features")) s.features = q.get("features")!.split(",").filter((f) => features.includes(f));
  if (q.has("layers")) {
    s.layers = q.get("layers")!.split(",").flatMap((l) => {
      const m = /^(\d+)([a-z]+)$/.exec(l);
      return m ? [{ units: +m[1], act: m[2] }] : [];
    });
  }
  if (q.has("points")) s.points = q.get("points")!.split(",").filter(Boolean).map((p) => p.split(" ").map(Number) as Point);
  return s;
}
