// A ZIP of files as they are: photos do not get smaller by packing, so they are stored (method 0).
import { problem } from "../api/client";

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (TABLE[(crc ^ byte) & 255] as number) ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

/** Little-endian numbers: each value with its width in bytes. */
function numbers(...values: [number, 2 | 4][]): Uint8Array<ArrayBuffer> {
  const view = new DataView(new ArrayBuffer(values.reduce((sum, [, width]) => sum + width, 0)));
  let at = 0;
  for (const [value, width] of values) {
    if (width === 2) view.setUint16(at, value, true);
    else view.setUint32(at, value, true);
    at += width;
  }
  return new Uint8Array(view.buffer);
}

const UTF8 = 0x0800;
const DATE = 0x21; // 1 January 1980, the first day that ZIP knows: the server's time stands in the photos

/** The files at these addresses, under the names that the server gives them, as one ZIP. */
export async function fetchAndZip(urls: string[], onProgress: (done: number) => void): Promise<Blob> {
  const parts: BlobPart[] = [];
  const index: BlobPart[] = [];
  const taken = new Set<string>();
  let offset = 0;
  let indexSize = 0;
  for (const [count, url] of urls.entries()) {
    const answer = await fetch(url);
    if (!answer.ok) throw problem(await answer.json().catch(() => undefined), answer.status);
    const blob = await answer.blob();
    const name = new TextEncoder().encode(unique(fileName(answer, count), taken));
    const size = blob.size;
    const crc = crc32(new Uint8Array(await blob.arrayBuffer()));
    if (offset + size > 0xfff00000) throw new Error("Together they are over 4 GB: download them one by one.");
    const common: [number, 2 | 4][] = [
      [20, 2], [UTF8, 2], [0, 2], [0, 2], [DATE, 2], [crc, 4], [size, 4], [size, 4], [name.length, 2], [0, 2],
    ];
    const head = numbers([0x04034b50, 4], ...common);
    parts.push(head, name, blob);
    const entry = numbers([0x02014b50, 4], [20, 2], ...common, [0, 2], [0, 2], [0, 2], [0, 4], [offset, 4]);
    index.push(entry, name);
    indexSize += entry.length + name.length;
    offset += head.length + name.length + size;
    onProgress(count + 1);
  }
  const end = numbers(
    [0x06054b50, 4], [0, 2], [0, 2], [urls.length, 2], [urls.length, 2], [indexSize, 4], [offset, 4], [0, 2],
  );
  return new Blob([...parts, ...index, end], { type: "application/zip" });
}

function fileName(answer: Response, count: number): string {
  const header = answer.headers.get("content-disposition") ?? "";
  const coded = /filename\*=utf-8''([^;]+)/i.exec(header)?.[1];
  if (coded) return decodeURIComponent(coded);
  return /filename="?([^";]+)/i.exec(header)?.[1] ?? `photo-${count + 1}`;
}

function unique(name: string, taken: Set<string>): string {
  const [, stem, end] = /^(.*?)(\.[^.]*)?$/.exec(name) ?? ["", name, ""];
  let free = name;
  for (let number = 2; taken.has(free); number++) free = `${stem}-${number}${end ?? ""}`;
  taken.add(free);
  return free;
}
