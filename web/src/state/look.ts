// What a user has asked of one photo, and the same as the API takes it.
import type { Hint, Options, Stroke } from "../api/client";
import { keep, recall } from "./storage";

export interface Look {
  model: string | null;
  hints: Hint[];
  strokes: Stroke[];
  saturation: number;
  temperature: number;
  strength: number | "auto";
  alternative: number | null;
  palette: string[];
  restore: ("auto" | "noise" | "dust" | "fade")[];
  keep_sepia: boolean;
  mark: boolean;
  reference: string | null;
}

export const PLAIN: Look = {
  model: null, hints: [], strokes: [], saturation: 1, temperature: 0, strength: 1, alternative: null, palette: [],
  restore: [], keep_sepia: false, mark: false, reference: null,
};

const key = (pictureId: string): string => `tintype-look-${pictureId}`;

/** A look out of what was kept or what a result was made by; what is missing is plain. */
export function lookOf(kept: unknown): Look {
  if (typeof kept !== "object" || kept === null) return PLAIN;
  const known = Object.entries(kept).filter(([name, value]) => name in PLAIN && value !== undefined);
  return { ...PLAIN, ...(Object.fromEntries(known) as Partial<Look>) };
}

export function remember(pictureId: string, look: Look): void {
  keep(key(pictureId), look, "sessionStorage");
}

export function remembered(pictureId: string, onServer: unknown): Look {
  return lookOf(recall<unknown>(key(pictureId), onServer, "sessionStorage"));
}

export function asOptions(look: Look): Options {
  return { ...look };
}

const same = (one: Look, other: Look): boolean => JSON.stringify(one) === JSON.stringify(other);
export const isPlain = (look: Look): boolean => same(look, PLAIN);

/** A look without what belongs to places of one photo, to be laid over others. */
export const forOthers = (look: Look): Look => ({ ...look, hints: [], strokes: [], alternative: null });

/** What this window remembers of a photo's look, if anything. */
export function recallLook(pictureId: string): Look | null {
  const kept = recall<unknown>(key(pictureId), null, "sessionStorage");
  return kept === null ? null : lookOf(kept);
}
