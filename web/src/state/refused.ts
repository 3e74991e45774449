// What was not taken of an upload: known only when it was sent, kept for the batch's page while the window is open.
import type { Upload } from "../api/client";
import { keep, recall } from "./storage";

type Refused = Upload["refused"];
const key = (jobId: string): string => `tintype-refused-${jobId}`;

export function keepRefused(jobId: string, refused: Refused): void {
  if (refused.length > 0) keep(key(jobId), refused, "sessionStorage");
}

export function findRefused(jobId: string): Refused {
  return recall<Refused>(key(jobId), [], "sessionStorage");
}
