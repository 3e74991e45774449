import { useEffect, useState } from "react";
import { api, message, unwrap, type Picture } from "../api/client";
import { useCapabilities } from "../state/capabilities";
import { t } from "../state/i18n";
import { Notice } from "./Notice";
import { at } from "../state/root";

/** A study of one's own photos: two colourings against each other, or "is this real?", for whoever gets its link. */
export function MakeStudy({ onMade }: { onMade: () => void }) {
  const known = useCapabilities();
  const [open, setOpen] = useState(false);
  const [photos, setPhotos] = useState<Picture[]>([]);
  const [chosen, setChosen] = useState<string[]>([]);
  const [kind, setKind] = useState<"arena" | "turing">("arena");
  const [name, setName] = useState("");
  const [other, setOther] = useState("vivid");
  const [checked, setChecked] = useState(true);
  const [link, setLink] = useState("");
  const [error, setError] = useState("");
  useEffect(() => {
    if (!open) return;
    unwrap(api.GET("/api/pictures", { params: { query: { limit: 100 } } })).then(
      (page) => setPhotos(page.items.filter((one) => one.kind === "photo")),
      (caught: unknown) => setError(message(caught)),
    );
  }, [open]);
  if (!known.studies) return null;
  if (!open) return <p><button type="button" onClick={() => setOpen(true)}>{t("Make a study")}</button></p>;
  const models = known.models.filter((one) => !one.default && one.condition !== "sketch");
  const make = (): void => {
    const second = other === "vivid" ? { label: "vivid", options: { saturation: 1.5 } } : { label: other, options: { model: other } };
    const contestants = [{ label: known.default_model, options: {} }, ...(kind === "arena" ? [second] : [])];
    setError("");
    unwrap(api.POST("/api/studies", { body: { kind, name, question: "", listed: false, checks: kind === "arena" && checked ? (chosen.length > 5 ? 2 : 1) : 0, pictures: chosen, contestants: contestants as never } })).then(
      (study) => {
        setLink(new URL(at(`/compare/${study.id}`), window.location.href).href);
        onMade();
      },
      (caught: unknown) => setError(message(caught)),
    );
  };
  return (
    <section className="card" aria-label={t("Make a study")}>
      <h2>{t("Make a study")}</h2>
      <div className="row">
        <label>{t("Name")} <input type="text" value={name} maxLength={100} onChange={(event) => setName(event.target.value)} /></label>
        <select aria-label={t("Question")} value={kind} onChange={(event) => setKind(event.target.value as "arena" | "turing")}>
          <option value="arena">{t("Which is better?")}</option>
          <option value="turing">{t("Are these colours real?")}</option>
        </select>
        {kind === "arena" && (
          <select aria-label={t("Against")} value={other} onChange={(event) => setOther(event.target.value)}>
            <option value="vivid">{t("more vivid colours")}</option>
            {models.map((one) => <option key={one.name} value={one.name}>{one.name}</option>)}
          </select>
        )}
      </div>
      {kind === "arena" && (
        <label className="check">
          <input type="checkbox" checked={checked} onChange={(event) => setChecked(event.target.checked)} />
          <span>{t("Check attention")}<span className="small">{t("A grey photo stands against a coloured one now and then; the answers of whoever prefers it do not count.")}</span></span>
        </label>
      )}
      <div className="picks">
        {photos.map((one) => (
          <label key={one.id}>
            <input type="checkbox" checked={chosen.includes(one.id)} onChange={() => setChosen((now) => (now.includes(one.id) ? now.filter((each) => each !== one.id) : [...now, one.id]))} aria-label={one.name} />
            <img src={one.thumbnail_url} alt="" loading="lazy" />
          </label>
        ))}
      </div>
      {photos.length === 0 && <Notice>{t("Colour some photos first; a study is of yours.")}</Notice>}
      <div className="row">
        <button type="button" className="primary" disabled={chosen.length === 0} onClick={make}>{t("Make it of {count} photos", { count: chosen.length })}</button>
        <button type="button" className="quiet" onClick={() => setOpen(false)}>{t("Cancel")}</button>
      </div>
      {link && <p>{t("Whoever has this address may answer, without an account:")} <a href={link}>{link}</a></p>}
      {error && <Notice error={error} />}
    </section>
  );
}
