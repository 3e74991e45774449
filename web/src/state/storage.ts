// The browser's storage, where it may be used; blocked or damaged, things are remembered until the page is closed.
const memory = new Map<string, string>();

type Kind = "localStorage" | "sessionStorage";

function read(kind: Kind, key: string): string | null {
  try {
    return window[kind].getItem(key);
  } catch {
    return memory.get(key) ?? null;
  }
}

function write(kind: Kind, key: string, value: string): void {
  memory.set(key, value);
  try {
    window[kind].setItem(key, value);
  } catch {
    // full, or not allowed
  }
}

/** A value kept under a key, or `rest` if there is none that makes sense. */
export function recall<T>(key: string, rest: T, kind: Kind = "localStorage"): T {
  try {
    const kept = read(kind, key);
    return kept === null ? rest : (JSON.parse(kept) as T);
  } catch {
    return rest;
  }
}

export function keep(key: string, value: unknown, kind: Kind = "localStorage"): void {
  write(kind, key, JSON.stringify(value));
}
