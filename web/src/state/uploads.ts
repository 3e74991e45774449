// What is being sent, whichever view is open: three files at a time, in their order; one that is refused costs the others
// nothing. When all are there they are coloured, and whoever still waits on the first page is taken to them.
import { useSyncExternalStore } from "react";
import { api, isAbort, message, unwrap } from "../api/client";
import { isFilm, upload, type Sending } from "../api/upload";
import { t } from "./i18n";
import { PLAIN } from "./look";
import { keepRefused } from "./refused";
import { go } from "./router";
import { within } from "./root";

const AT_ONCE = 3;

export interface Item {
  name: string;
  share: number;
  state: "waiting" | "sending" | "sent" | "refused" | "cancelled";
  error: string;
  pictureId: string;
  /** The connection broke off, and is tried again. */
  broken: boolean;
}

export interface Box {
  items: Item[];
  going: boolean;
  error: string;
}

interface Limits {
  films: boolean;
  bytes: number;
  filmBytes: number;
  size: (bytes: number) => string;
}

let box: Box = { items: [], going: false, error: "" };
let sendings: (Sending | null)[] = [];
const listeners = new Set<() => void>();

function change(next: Partial<Box>): void {
  box = { ...box, ...next };
  listeners.forEach((listener) => listener());
}

function set(at: number, next: Partial<Item>): void {
  change({ items: box.items.map((item, index) => (index === at ? { ...item, ...next } : item)) });
}

export function useUploads(): Box {
  return useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, () => box);
}

export function cancelUploads(): void {
  sendings.forEach((sending) => sending?.cancel());
  change({ items: box.items.map((item) => (item.state === "waiting" || item.state === "sending" ? { ...item, state: "cancelled" } : item)) });
}

export function failUploads(error: string): void {
  change({ error });
}

/** Send files and have them coloured. */
export async function startUploads(files: File[], limits: Limits): Promise<void> {
  if (box.going) return change({ error: t("Wait until the files before are sent, or cancel them.") });
  const films = files.filter(isFilm);
  if (films.length && !limits.films) return change({ error: t("This server cannot colour films.") });
  if (films.length > 1 || (films.length && files.length > 1)) return change({ error: t("Send a film by itself, without other files.") });
  sendings = files.map(() => null);
  const items = files.map((file): Item => {
    const most = isFilm(file) ? limits.filmBytes : limits.bytes;
    const error = file.size > most ? t("{name} has {size}, the limit is {most}.", { name: file.name, size: limits.size(file.size), most: limits.size(most) }) : "";
    return { name: file.name, share: 0, state: error ? "refused" : "waiting", error, pictureId: "", broken: false };
  });
  change({ items, going: true, error: "" });
  const startedAt = window.location.pathname;
  try {
    await Promise.all(Array.from({ length: AT_ONCE }, () => sendNext(files)));
    const address = await follow(films.length > 0, files.length);
    if (address && (window.location.pathname === startedAt || within(window.location.pathname) === "/")) go(address);
    change({ going: false, items: address ? [] : box.items });
  } catch (caught) {
    change({ going: false, error: isAbort(caught) ? "" : message(caught) });
  }
}

async function sendNext(files: File[]): Promise<void> {
  for (;;) {
    const at = box.items.findIndex((item) => item.state === "waiting");
    const file = files[at];
    if (!file) return;
    set(at, { state: "sending" });
    try {
      const sending = upload(file, { share: (share) => set(at, { share }), broken: (broken) => set(at, { broken }) });
      sendings[at] = sending;
      const picture = await sending.answer;
      set(at, { state: "sent", share: 1, pictureId: picture.id, broken: false });
    } catch (caught) {
      if (isAbort(caught)) set(at, { state: "cancelled" });
      else set(at, { state: "refused", error: message(caught), broken: false });
    }
  }
}

/** Has what was sent coloured; the address to go on to, "" if nothing was taken. */
async function follow(film: boolean, asked: number): Promise<string> {
  const pictures = box.items.flatMap((item) => (item.pictureId ? [item.pictureId] : []));
  const [first] = pictures;
  const refused = box.items.filter((item) => item.state === "refused");
  if (!first) {
    change({ error: refused.map((item) => item.error).join(" ") });
    return "";
  }
  if (film) return `/photo/${first}`;
  if (asked === 1) return `/photo/${first}`;
  const job = await unwrap(api.POST("/api/jobs", { body: { kind: "colorize", pictures, options: PLAIN, skip_colour: true } }));
  keepRefused(job.id, refused.map((item) => ({ name: item.name, status: 415, detail: item.error })));
  return `/batch/${job.id}`;
}
