import { useState } from "react";
import { api, message, unwrap, type Link as ShareLink, type Picture, type Result } from "../api/client";
import { download } from "../api/download";
import { can, useCapabilities } from "../state/capabilities";
import type { History } from "../state/history";
import { bytes, moment, t } from "../state/i18n";
import type { Look } from "../state/look";
import { Notice } from "./Notice";
import { Slider } from "./Slider";
import { at } from "../state/root";

interface Props {
  picture: Picture;
  history: History<Look>;
  keep: () => Promise<Result>;
}

const READ_ONLY = ["HEIF", "AVIF", "GIF", "JXL"]; // what is read but not written comes as PNG
const DAYS = [1, 7, 30];
const SIDES = [4096, 2048, 1280, 800]; // pixels: print, large screen, screen, mail

/** What one takes home: the picture, both sides in one, a clip, a link. */
export function SavePanel({ picture, history, keep }: Props) {
  const known = useCapabilities();
  const [format, setFormat] = useState("");
  const [quality, setQuality] = useState(92);
  const [side, setSide] = useState(0);
  const longest = Math.max(picture.width, picture.height);
  const [busy, setBusy] = useState("");
  const [error, setError] = useState("");
  const own = READ_ONLY.includes(picture.format) ? "PNG" : picture.format;
  const lossy = (format || own.toLowerCase()) === "jpeg" || format === "webp";
  const save = async (making: string, address: (result: Result) => string): Promise<void> => {
    setError("");
    setBusy(making);
    try {
      const result = await keep();
      await download(address(result), (loaded, total) => setBusy(total ? `${bytes(loaded)} / ${bytes(total)}` : bytes(loaded)));
    } catch (caught) {
      setError(message(caught));
    }
    setBusy("");
  };
  const query = (): string => {
    const asked = new URLSearchParams({ download: "true" });
    if (format) asked.set("format", format);
    if (lossy && (format || quality !== 92)) asked.set("quality", String(quality));
    if (side) asked.set("side", String(side));
    return asked.toString();
  };
  return (
    <>
      <label className="stack">
        {t("Format")}
        <select aria-label={t("Format")} value={format} onChange={(event) => setFormat(event.target.value)}>
          <option value="">{own === picture.format ? t("{format}, as sent", { format: own }) : t("{format}, since {sent} is only read", { format: own, sent: picture.format })}</option>
          {known.formats.filter((one) => one !== own.toLowerCase()).map((one) => <option key={one} value={one}>{one.toUpperCase()}</option>)}
        </select>
      </label>
      {lossy && <Slider label={t("Quality")} min={50} max={100} step={1} rest={92} value={quality} onChange={setQuality} onSettle={() => undefined} />}
      <label className="stack">
        {t("Size")}
        <select aria-label={t("Size")} value={side} onChange={(event) => setSide(Number(event.target.value))}>
          <option value={0}>{t("All {count} pixels", { count: longest })}</option>
          {SIDES.filter((one) => one < longest).map((one) => <option key={one} value={one}>{t("{count} pixels long", { count: one })}</option>)}
        </select>
      </label>
      <label className="check">
        <input type="checkbox" checked={history.value.mark} onChange={(event) => history.change({ ...history.value, mark: event.target.checked }, "")} />
        <span>{t("Write into a corner that it was coloured")}</span>
      </label>
      <button type="button" className="primary wide" disabled={busy !== ""} onClick={() => void save(t("Making the {format}…", { format: (format || own).toUpperCase() }), (result) => `${result.file_url}?${query()}`)}>
        {busy || t("Download")}
      </button>
      <fieldset>
        <legend>{t("Before and after")}</legend>
        <div className="row">
          {[["jpeg", t("Side by side")], ["webp", t("Moving picture")], ["mp4", t("Short film")]].map(([kind, label]) => (kind !== "mp4" || can(known, "films")) && (
            <button key={kind} type="button" disabled={busy !== ""} onClick={() => void save(t("Making it…"), (result) => at(`/api/results/${result.id}/both?format=${kind}`))}>{label}</button>
          ))}
          <button type="button" disabled={busy !== ""} onClick={() => void save(t("Making it…"), () => at(`/api/album?pictures=${picture.id}&title=${encodeURIComponent(picture.name)}`))}>{t("Page")}</button>
        </div>
      </fieldset>
      <Links picture={picture} keep={keep} />
      <p className="small">{t("Files say inside that their colours are estimated, and by which model.")}</p>
      {error && <Notice error={error} />}
    </>
  );
}

/** Addresses under which others see this version, for a while. */
function Links({ picture, keep }: Omit<Props, "history">) {
  const [days, setDays] = useState(7);
  const [links, setLinks] = useState<ShareLink[]>([]);
  const [error, setError] = useState("");
  const failed = (caught: unknown): void => setError(message(caught));
  const make = async (): Promise<void> => {
    setError("");
    try {
      const result = await keep();
      const params = { path: { result_id: result.id } };
      const link = await unwrap(api.POST("/api/results/{result_id}/links", { params, body: { hours: 24 * days } }));
      setLinks((now) => [...now, link]);
      await navigator.clipboard?.writeText(new URL(link.url, window.location.href).href).catch(() => undefined);
    } catch (caught) {
      failed(caught);
    }
  };
  const end = (link: ShareLink): void => {
    unwrap(api.DELETE("/api/links/{link_id}", { params: { path: { link_id: link.id } } })).then(() => setLinks((now) => now.filter((one) => one.id !== link.id)), failed);
  };
  return (
    <fieldset>
      <legend>{t("A link to this version")}</legend>
      <div className="row">
        <select aria-label={t("How long")} value={days} onChange={(event) => setDays(Number(event.target.value))}>
          {DAYS.map((count) => <option key={count} value={count}>{count === 1 ? t("1 day") : t("{count} days", { count })}</option>)}
        </select>
        <button type="button" onClick={() => void make()}>{t("Make a link")}</button>
      </div>
      {links.map((link) => (
        <p key={link.id} className="row">
          <a href={link.url} target="_blank" rel="noreferrer">{new URL(link.url, window.location.href).href}</a>
          <span className="small">{t("until {moment}", { moment: moment(link.expires) })}</span>
          <button type="button" onClick={() => end(link)}>{t("Take it back")}</button>
        </p>
      ))}
      <p className="small">{t("It shows {name} to whoever has it, and nothing else of yours.", { name: picture.name })}</p>
      {error && <Notice error={error} />}
    </fieldset>
  );
}
