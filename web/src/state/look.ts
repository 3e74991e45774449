// What a user has asked of one photo, and the same as the API takes it.
import type { Hint, Options } from "../api/client";

export interface Look {
  model: string | null;
  hints: Hint[];
  saturation: number;
  temperature: number;
  strength: number;
  alternative: number | null;
}

export const PLAIN: Look = {
  model: null, hints: [], saturation: 1, temperature: 0, strength: 1, alternative: null,
};

const key = (pictureId: string): string => `tintype-look-${pictureId}`;

/** Kept while the window is open, so that loading the page again loses nothing. */
export function remember(pictureId: string, look: Look): void {
  window.sessionStorage.setItem(key(pictureId), JSON.stringify(look));
}

export function remembered(pictureId: string): Look {
  const kept = window.sessionStorage.getItem(key(pictureId));
  return kept ? { ...PLAIN, ...(JSON.parse(kept) as Partial<Look>) } : PLAIN;
}

export function asOptions(look: Look): Options {
  return { ...look };
}

export const isPlain = (look: Look): boolean => JSON.stringify(look) === JSON.stringify(PLAIN);
