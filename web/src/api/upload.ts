// Sending files with progress, which fetch does not tell; XMLHttpRequest does.
import { pause } from "./patience";
import { problem, type Picture, type Upload } from "./client";

function send<T>(url: string, form: FormData, onProgress: (share: number) => void, turn = 0): Promise<T> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", url);
    request.responseType = "json";
    request.upload.onprogress = (event) => {
      if (event.lengthComputable) onProgress(event.loaded / event.total);
    };
    request.onload = () => {
      const seconds = pause(request.status, request.getResponseHeader("retry-after"), turn);
      if (seconds !== null) window.setTimeout(() => resolve(send<T>(url, form, onProgress, turn + 1)), 1000 * seconds);
      else if (request.status < 300) resolve(request.response as T);
      else reject(problem(request.response, request.status));
    };
    request.onerror = () => reject(new TypeError("The server cannot be reached."));
    request.send(form);
  });
}

export function uploadPhotos(files: File[], onProgress: (share: number) => void): Promise<Upload> {
  const form = new FormData();
  for (const file of files) form.append("files", file, file.name);
  return send<Upload>("/api/pictures", form, onProgress);
}

export function uploadFilm(file: File, onProgress: (share: number) => void): Promise<Picture> {
  const form = new FormData();
  form.append("file", file, file.name);
  return send<Picture>("/api/films", form, onProgress);
}

export const FILM = /\.(mp4|m4v|mov|mkv|webm|avi|ogv|mpe?g)$/i;

export function isFilm(file: File): boolean {
  return file.type.startsWith("video/") || FILM.test(file.name);
}
