// What the server can do, asked once and known everywhere below.
import { createContext, useContext } from "react";
import type { Capabilities } from "../api/client";

export const CapabilitiesContext = createContext<Capabilities | null>(null);

export function useCapabilities(): Capabilities {
  const known = useContext(CapabilitiesContext);
  if (known === null) throw new Error("useCapabilities outside of its context");
  return known;
}

const ONE_EACH = ["suggestions", "alternatives", "confidence"]; // of a distribution, which a mean of colours is not

/** Whether a part is to be had with a model, or with all of several; null stands for the server's default. */
export function can(known: Capabilities, part: string, model?: string | null): boolean {
  const parts = mixed(known, model);
  if (parts.length > 1) return !ONE_EACH.includes(part) && parts.every((one) => can(known, part, one.name));
  const features = known.models.find((one) => one.name === model)?.features ?? known.features;
  return features[part]?.available ?? false;
}

export interface Share {
  name: string;
  share: number;
}

/** The models that a name means, with their shares. */
export function mixed(known: Capabilities, model?: string | null): Share[] {
  if (!model || known.models.some((one) => one.name === model)) return [{ name: model || known.default_model, share: 1 }];
  return model.split(",").map((part) => {
    const [, name = part, share = "1"] = /^(.*\S)\s*\*\s*([\d.]+)$/.exec(part.trim()) ?? [];
    return { name, share: Number(share) };
  });
}

/** What the server calls two models that answer together. */
export const mixture = ([one, other]: [Share, Share]): string => `${one.name}*${+one.share.toFixed(2)},${other.name}*${+other.share.toFixed(2)}`;
