// Files that the server has to make first: fetched with a sign of life, then handed to the browser to be saved.
import { problem } from "./client";

export type Progress = (loaded: number, total: number | null) => void;

/** Fetch a file and save it under the name that the server gives it. */
export async function download(url: string, onProgress: Progress = () => undefined): Promise<void> {
  const answer = await fetch(url);
  if (!answer.ok) throw problem(await answer.json().catch(() => undefined), answer.status);
  const total = Number(answer.headers.get("content-length")) || null;
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let loaded = 0;
  const reader = answer.body?.getReader();
  for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) {
    parts.push(part.value);
    loaded += part.value.length;
    onProgress(loaded, total);
  }
  save(new Blob(parts, { type: answer.headers.get("content-type") ?? "" }), fileName(answer));
}

function save(blob: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  window.setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

function fileName(answer: Response): string {
  const header = answer.headers.get("content-disposition") ?? "";
  const coded = /filename\*=utf-8''([^;]+)/i.exec(header)?.[1];
  if (coded) return decodeURIComponent(coded);
  return /filename="?([^";]+)/i.exec(header)?.[1] ?? "photo";
}
