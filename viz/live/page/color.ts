// Colours of numbers: orange is negative, blue positive, told apart by colour-blind
// readers too. Wherever they are used, a sign, a dash or a shape says the same.

const dark = matchMedia("(prefers-color-scheme: dark)");

type RGB = [number, number, number];
const blue: RGB = [33, 113, 181], orange: RGB = [233, 124, 22];

function middle(): RGB {
  return dark.matches ? [30, 34, 41] : [246, 247, 249];
}

// diverging is the colour of v from -1 to 1.
export function diverging(v: number): RGB {
  const to = v < 0 ? orange : blue, from = middle();
  const t = Math.min(1, Math.abs(v)) ** 0.8;
  return [0, 1, 2].map((i) => Math.round(from[i] + (to[i] - from[i]) * t)) as RGB;
}

// css writes a colour.
export function css(v: number): string {
  return `rgb(${diverging(v).join(" ")})`;
}

// heat paints bytes, 128 being 0, as a picture of n by n, paler if strength is
// less than 1.
export function heat(canvas: HTMLCanvasElement, values: Uint8Array, n: number, strength = 1): void {
  const table: RGB[] = Array.from({ length: 256 }, (_, b) => diverging((strength * (b - 127.5)) / 127.5));
  canvas.width = canvas.height = n;
  const c = canvas.getContext("2d")!;
  const image = c.createImageData(n, n);
  values.forEach((b, i) => {
    const [r, g, u] = table[b];
    image.data.set([r, g, u, 255], 4 * i);
  });
  c.putImageData(image, 0, 0);
}

// themed calls a function now and whenever light turns to dark.
export function themed(paint: () => void): void {
  dark.addEventListener("change", paint);
}
