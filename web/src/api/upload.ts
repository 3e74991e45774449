// Sending files with progress, which fetch does not tell. Small ones go in one request, others in pieces by the protocol
// tus: a cut connection goes on where it stopped, and so does the same file when it is given again after a reload.
import { api, ApiError, problem, unwrap, type Picture, type Upload } from "./client";
import { pause } from "./patience";
import { at } from "../state/root";

const TRIES = 3;
const AGAIN_MS = 1500;
const SMALL = 1_000_000; // bytes up to which a file is sent again whole
const PIECE = 4_000_000;
/** Waits between tries that bring nothing on; with every byte that comes they begin anew. */
const DELAYS = [500, 1000, 2000, 4000, 8000, 15_000, 30_000, 30_000, 30_000, 30_000];
const PASSING = [0, 408, 409, 423, 429]; // besides all from 500 on

export interface Sending {
  answer: Promise<Picture>;
  cancel: () => void;
}

export interface Told {
  share: (share: number) => void;
  /** The connection broke off, and is tried again. */
  broken: (is: boolean) => void;
}

const FILM = /\.(mp4|m4v|mov|mkv|webm|avi|ogv|mpe?g|vob|m2ts|mts|ts|wmv|asf|mxf|flv|dv)$/i;

export function isFilm(file: File): boolean {
  return file.type.startsWith("video/") || FILM.test(file.name);
}

export function upload(file: File, told: Told): Sending {
  return file.size > SMALL ? inPieces(file, told) : atOnce(file, told);
}

/** Send a file in a form; what breaks off is sent again, a server with too much to do is asked later. */
function atOnce(file: File, told: Told): Sending {
  const film = isFilm(file);
  let request: XMLHttpRequest | null = null;
  let timer = 0;
  let refuse: (reason: unknown) => void = () => undefined;
  const answer = new Promise<Picture>((resolve, reject) => {
    refuse = reject;
    const go = (turn: number, tries: number): void => {
      const form = new FormData();
      form.append(film ? "file" : "files", file, file.name);
      request = new XMLHttpRequest();
      request.open("POST", at(film ? "/api/films" : "/api/pictures"));
      request.responseType = "json";
      request.upload.onprogress = (event) => {
        if (event.lengthComputable) told.share(event.loaded / event.total);
      };
      const sent = request;
      request.onload = () => {
        const seconds = pause(sent.status, sent.getResponseHeader("retry-after"), turn);
        if (seconds !== null) timer = window.setTimeout(() => go(turn + 1, tries), 1000 * seconds);
        else if (sent.status >= 300) reject(problem(sent.response, sent.status));
        else if (film) resolve(sent.response as Picture);
        else resolve((sent.response as Upload).pictures[0] as Picture);
      };
      request.onerror = () => {
        if (tries < TRIES) timer = window.setTimeout(() => go(turn, tries + 1), AGAIN_MS * tries);
        else reject(new TypeError("unreachable"));
      };
      request.onabort = () => reject(aborted());
      request.send(form);
    };
    go(0, 1);
  });
  const cancel = (): void => {
    window.clearTimeout(timer);
    request?.abort();
    refuse(aborted());
  };
  return { answer, cancel };
}

const aborted = (): DOMException => new DOMException("cancelled", "AbortError");
const going = new Set<string>(); // what goes on already, when the same file is given twice

function inPieces(file: File, told: Told): Sending {
  const stopped = new AbortController();
  const answer = new Promise<Picture>((resolve, reject) => {
    stopped.signal.addEventListener("abort", () => reject(aborted()));
    void sendPieces(file, told, stopped.signal).then(resolve, reject);
  });
  return { answer, cancel: () => stopped.abort() };
}

async function sendPieces(file: File, told: Told, stopped: AbortSignal): Promise<Picture> {
  const { Upload: Tus, DetailedError } = await import("tus-js-client");
  stopped.throwIfAborted();
  const address = await new Promise<string>((resolve, reject) => {
    const sending = new Tus(file, {
      endpoint: window.location.origin + at("/api/uploads"),
      metadata: { filename: file.name, kind: isFilm(file) ? "film" : "photo" },
      chunkSize: PIECE, retryDelays: DELAYS, removeFingerprintOnSuccess: true,
      onUploadUrlAvailable: () => going.add(sending.url ?? ""),
      onProgress: (sent, total) => {
        told.broken(false);
        told.share(sent / total);
      },
      onShouldRetry: (error) => {
        const status = error.originalResponse?.getStatus() ?? 0;
        const again = PASSING.includes(status) || status >= 500;
        told.broken(again && status === 0);
        return again;
      },
      onError: (error) => {
        going.delete(sending.url ?? "");
        const response = error instanceof DetailedError ? error.originalResponse : null;
        reject(response ? problem(parsed(response.getBody()), response.getStatus()) : new TypeError("unreachable"));
      },
      onSuccess: () => resolve(sending.url ?? ""),
    });
    stopped.addEventListener("abort", () => {
      going.delete(sending.url ?? "");
      void sending.abort(true).catch(() => undefined); // an upload that cannot be deleted expires
    });
    void sending.findPreviousUploads().then((found) => {
      const former = found.filter((one) => !going.has(one.uploadUrl ?? "")).pop();
      if (former) {
        going.add(former.uploadUrl ?? "");
        sending.resumeFromPreviousUpload(former);
      }
      if (!stopped.aborted) sending.start();
    });
  });
  try {
    return await finish(address.split("/").pop() ?? "", stopped);
  } finally {
    going.delete(address);
  }
}

/** The picture of a file that has come whole; asked again when the answer is lost, since that changes nothing. */
async function finish(upload_id: string, stopped: AbortSignal): Promise<Picture> {
  for (const delay of [...DELAYS, 0]) {
    try {
      return await unwrap(api.POST("/api/uploads/{upload_id}/picture", { params: { path: { upload_id } }, signal: stopped }));
    } catch (caught) {
      const passing = caught instanceof TypeError || (caught instanceof ApiError && (caught.status >= 500 || caught.status === 429));
      if (!passing || !delay) throw caught;
      await new Promise((resolve) => window.setTimeout(resolve, delay));
    }
  }
  throw new TypeError("unreachable");
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
