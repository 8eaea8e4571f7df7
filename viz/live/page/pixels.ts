// Pictures from afar: rectangles as pixels. A canvas takes a microsecond or more for
// each of its own, which is too long for ten thousand of a few pixels.

export type RGBA = [number, number, number, number];

// rgba reads #rrggbb or #rrggbbaa.
export function rgba(hex: string): RGBA {
  const v = parseInt(hex.slice(1).padEnd(8, "f"), 16);
  return [v >>> 24, (v >>> 16) & 255, (v >>> 8) & 255, (v & 255) / 255];
}

// mix is the colour at a share of the way from one to another.
export function mix(a: RGBA, b: RGBA, share: number): RGBA {
  return a.map((v, i) => v + (b[i] - v) * share) as RGBA;
}

export class Pixels {
  private image = new ImageData(1, 1);

  // clear begins a picture of one colour.
  clear(width: number, height: number, [r, g, b]: RGBA): void {
    if (this.image.width !== width || this.image.height !== height) this.image = new ImageData(width, height);
    const d = this.image.data;
    d.set([r, g, b, 255]);
    for (let n = 4; n < d.length; n *= 2) d.copyWithin(n, 0, Math.min(n, d.length - n));
  }

  // area covers each pixel by as much of it as lies inside.
  area(x0: number, y0: number, x1: number, y1: number, [r, g, b, a]: RGBA): void {
    const d = this.image.data, w = this.image.width;
    x0 = Math.max(x0, 0); y0 = Math.max(y0, 0);
    x1 = Math.min(x1, w); y1 = Math.min(y1, this.image.height);
    for (let y = Math.floor(y0); y < y1; y++) {
      const row = a * (Math.min(y1, y + 1) - Math.max(y0, y));
      for (let x = Math.floor(x0), i = 4 * (y * w + x); x < x1; x++, i += 4) {
        const share = row * (Math.min(x1, x + 1) - Math.max(x0, x));
        d[i] += (r - d[i]) * share;
        d[i + 1] += (g - d[i + 1]) * share;
        d[i + 2] += (b - d[i + 2]) * share;
      }
    }
  }

  // line covers the way between two points of a line parallel to an axis.
  line(x0: number, y0: number, x1: number, y1: number, width: number, color: RGBA): void {
    const h = width / 2;
    this.area(Math.min(x0, x1) - h, Math.min(y0, y1) - h, Math.max(x0, x1) + h, Math.max(y0, y1) + h, color);
  }

  show(c: CanvasRenderingContext2D): void { c.putImageData(this.image, 0, 0); }
}
