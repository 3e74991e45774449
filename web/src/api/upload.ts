// Sending files with progress, which fetch does not tell; XMLHttpRequest does.
import { problem, type Picture, type Upload } from "./client";
import { pause } from "./patience";
import { at } from "../state/root";

const TRIES = 3;
const AGAIN_MS = 1500;

export interface Sending<T> {
  answer: Promise<T>;
  cancel: () => void;
}

/** Send a form; what breaks off is sent again, a server with too much to do is asked later. */
function send<T>(url: string, form: () => FormData, onProgress: (share: number) => void): Sending<T> {
  let request: XMLHttpRequest | null = null;
  let timer = 0;
  let refuse: (reason: unknown) => void = () => undefined;
  const answer = new Promise<T>((resolve, reject) => {
    refuse = reject;
    const go = (turn: number, tries: number): void => {
      request = new XMLHttpRequest();
      request.open("POST", url);
      request.responseType = "json";
      request.upload.onprogress = (event) => {
        if (event.lengthComputable) onProgress(event.loaded / event.total);
      };
      const sent = request;
      request.onload = () => {
        const seconds = pause(sent.status, sent.getResponseHeader("retry-after"), turn);
        if (seconds !== null) timer = window.setTimeout(() => go(turn + 1, tries), 1000 * seconds);
        else if (sent.status < 300) resolve(sent.response as T);
        else reject(problem(sent.response, sent.status));
      };
      request.onerror = () => {
        if (tries < TRIES) timer = window.setTimeout(() => go(turn, tries + 1), AGAIN_MS * tries);
        else reject(new TypeError("unreachable"));
      };
      request.onabort = () => reject(new DOMException("cancelled", "AbortError"));
      request.send(form());
    };
    go(0, 1);
  });
  const cancel = (): void => {
    window.clearTimeout(timer);
    request?.abort();
    refuse(new DOMException("cancelled", "AbortError"));
  };
  return { answer, cancel };
}

export function uploadPhoto(file: File, onProgress: (share: number) => void): Sending<Upload> {
  const form = (): FormData => {
    const data = new FormData();
    data.append("files", file, file.name);
    return data;
  };
  return send<Upload>(at("/api/pictures"), form, onProgress);
}

export function uploadFilm(file: File, onProgress: (share: number) => void): Sending<Picture> {
  const form = (): FormData => {
    const data = new FormData();
    data.append("file", file, file.name);
    return data;
  };
  return send<Picture>(at("/api/films"), form, onProgress);
}

const FILM = /\.(mp4|m4v|mov|mkv|webm|avi|ogv|mpe?g)$/i;

export function isFilm(file: File): boolean {
  return file.type.startsWith("video/") || FILM.test(file.name);
}
