import type { Model } from "../api/client";
import { can, mixed, mixture, useCapabilities } from "../state/capabilities";
import type { History } from "../state/history";
import { number, t } from "../state/i18n";
import type { Look } from "../state/look";
import { Slider } from "./Slider";

const ABOUT: Record<string, string> = {
  tint: "For photographs: the most true and vivid.", "tint-small": "For photographs: half the size, quicker.", sketch: "For black lines on white paper; of a photo it makes a ruin.",
};

/** Which model colours, with a sentence on it and its speed; and a second one to mix it with. */
export function Models({ history }: { history: History<Look> }) {
  const known = useCapabilities();
  const look = history.value;
  const [first, second] = mixed(known, look.model);
  const named = (name: string | undefined): Model | undefined => known.models.find((one) => one.name === name);
  const model = named(first?.name);
  const others = known.models.filter((one) => one.condition !== "sketch" && one.name !== first?.name);
  const choose = (next: string | null, label = ""): void => {
    const keeps = can(known, "hints", next) && can(known, "hints", look.model);
    history.change({ ...look, model: next, alternative: null, ...(keeps ? {} : { hints: [], strokes: [] }) }, label);
  };
  const chooseModel = (name: string): void => {
    const next = known.models.find((one) => (name ? one.name === name : one.default));
    if (next?.condition === "sketch" && !window.confirm(t("This model is for drawings: black lines on white paper. A photo comes out ruined. Use it all the same?"))) return;
    history.change({ ...look, model: name || null, hints: [], strokes: [], alternative: null }, "");
  };
  const mix = (other: string, share: number, label = ""): void => {
    if (!first) return;
    if (!other) choose(model?.default ? null : first.name);
    else choose(mixture([{ name: first.name, share }, { name: other, share: 1 - share }]), label);
  };
  const seconds = [first, second].map((one) => named(one?.name)?.seconds ?? null).filter((one) => one !== null);
  const isPhoto = model !== undefined && model.condition !== "sketch";
  return (
    <>
      <label className="stack">
        {t("Model")}
        <select aria-label={t("Model")} value={model?.default ? "" : (model?.name ?? "")} onChange={(event) => chooseModel(event.target.value)}>
          {known.models.map((one) => (
            <option key={one.name} value={one.default ? "" : one.name}>{one.name}{one.condition === "sketch" ? t(", for drawings") : ""}</option>
          ))}
        </select>
        {model && <span className="small">{about(model)} {model.seconds !== null && t("About {seconds} s a photo here.", { seconds: model.seconds })}</span>}
      </label>
      {known.blends && isPhoto && others.length > 0 && (
        <label className="stack">
          {t("Mixed with")}
          <select aria-label={t("Mixed with")} value={second?.name ?? ""} onChange={(event) => mix(event.target.value, 0.5)}>
            <option value="">{t("none")}</option>
            {others.map((one) => <option key={one.name} value={one.name}>{one.name}</option>)}
          </select>
          {second && <span className="small">{about(named(second.name))}</span>}
        </label>
      )}
      {first && second && (
        <>
          <Slider label={t("Share of {model}", { model: first.name })} min={0.1} max={0.9} step={0.1} rest={0.5} value={first.share} percent onChange={(share) => mix(second.name, share, "share")} onSettle={history.settle} />
          <p className="small">
            {t("The mean of what both see: nearer to the truth where they agree, paler where they do not.")}{" "}
            {seconds.length === 2 && t("About {seconds} s a photo here.", { seconds: number(seconds.reduce((sum, one) => sum + one, 0)) })}
          </p>
        </>
      )}
    </>
  );
}

function about(model: Model | undefined): string {
  if (!model) return "";
  const said = ABOUT[model.name];
  if (said) return t(said);
  return model.images_seen > 0 ? t("Trained on {count} pictures.", { count: model.images_seen }) : t("Made elsewhere: {system}.", { system: model.system });
}
