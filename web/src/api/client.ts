// The server's API, typed by its own OpenAPI schema (`npm run client`).
import createClient from "openapi-fetch";
import { t } from "../state/i18n";
import { patientFetch } from "./patience";
import type { components, paths } from "./schema";
import { at } from "../state/root";

type Schemas = components["schemas"];
export type Picture = Schemas["PicturePublic"];
export type Result = Schemas["ResultPublic"];
export type Options = Schemas["ColourOptions"];
export type Stroke = Schemas["Stroke"];
export type Kept = Schemas["Kept"];
export type Link = Schemas["LinkPublic"];
export type Shared = Schemas["Shared"];
export type Hint = Schemas["Hint"];
export type Job = Schemas["JobPublic"];
export type Capabilities = Schemas["Capabilities"];
export type Feature = Schemas["Feature"];
export type Ballot = Schemas["BallotPublic"];
export type Revealed = Schemas["Revealed"];
export type Study = Schemas["StudyPublic"];
export type Ranking = Schemas["Ranking"];
export type Starred = Schemas["Starred"];
export type Outcome = Schemas["StudyOutcome"];
export type Suggestion = Schemas["SuggestionPublic"];
export type Mood = Schemas["Mood"];
export type Model = Schemas["ModelPublic"];
export type Match = Schemas["MatchPublic"];
export type Scene = Schemas["Scene"];
export type Scenes = Schemas["Scenes"];
export type FilmPoint = Schemas["FilmPoint"];
export type SceneReference = Schemas["FilmSceneReference"];
export type Session = Schemas["SessionPublic"];
export type Overview = Schemas["Overview"];
export type Owner = Schemas["OwnerPublic"];
export type AdminJob = Schemas["AdminJob"];
export type Upload = Schemas["Upload"];

export const api = createClient<paths>({ baseUrl: window.location.origin + at(""), fetch: patientFetch });

/** What went wrong, in the server's own words. */
export class ApiError extends Error {
  constructor(
    message: string,
    readonly status: number,
  ) {
    super(message);
  }
}

export function problem(body: unknown, status: number): ApiError {
  const known = body as { detail?: unknown; title?: unknown; errors?: { msg?: unknown }[] } | undefined;
  const field = known?.errors?.[0]?.msg;
  const text = [known?.detail, field, known?.title].find((one) => typeof one === "string" && one !== "");
  return new ApiError((text as string | undefined) ?? t("The server answered {status}.", { status: String(status) }), status);
}

/** The data of an answer, or its problem thrown. */
export async function unwrap<T>(asked: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<T> {
  const { data, error, response } = await asked;
  if (!response.ok) throw problem(error, response.status);
  return data as T;
}

export function message(error: unknown): string {
  if (error instanceof ApiError) return error.message;
  if (error instanceof TypeError) return t("The server cannot be reached. Check the network; what you did is kept here.");
  return error instanceof Error ? error.message : String(error);
}

export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === "AbortError";
}
