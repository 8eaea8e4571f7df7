// What the page asks of its server. All addresses are relative: the first part of
// the path is the token.

// post sends a value and returns the answer; the server's refusals are errors.
export async function post<T>(path: string, body: unknown): Promise<T> {
  const raw = typeof body === "string" || body instanceof Blob;
  const r = await fetch(path, { method: "POST", body: raw ? (body as BodyInit) : JSON.stringify(body) });
  return answer<T>(r);
}

// load returns what lies at a path.
export async function load<T>(path: string): Promise<T> {
  return answer<T>(await fetch(path));
}

async function answer<T>(r: Response): Promise<T> {
  const text = await r.text();
  let value: any;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error(text.trim() || r.statusText);
  }
  if (!r.ok) throw new Error(value.error ?? r.statusText);
  return value as T;
}

// listen calls a handler for each kind of event, and lost when the server has gone.
export function listen(path: string, handlers: Record<string, (value: any) => void>, lost: () => void): EventSource {
  const source = new EventSource(path);
  for (const [name, handle] of Object.entries(handlers)) {
    source.addEventListener(name, (e) => handle(JSON.parse((e as MessageEvent).data)));
  }
  source.onerror = lost;
  return source;
}

// bytes decodes what Go's JSON makes of []byte.
export function bytes(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
}
