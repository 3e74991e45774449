// What the server can do, asked once and known everywhere below.
import { createContext, useContext } from "react";
import type { Capabilities } from "../api/client";

export const CapabilitiesContext = createContext<Capabilities | null>(null);

export function useCapabilities(): Capabilities {
  const known = useContext(CapabilitiesContext);
  if (known === null) throw new Error("useCapabilities outside of its context");
  return known;
}

/** Whether a part is to be had with a model; null stands for the server's default. */
export function can(known: Capabilities, part: string, model?: string | null): boolean {
  const features = known.models.find((one) => one.name === model)?.features ?? known.features;
  return features[part]?.available ?? false;
}
