import { can, useCapabilities } from "../state/capabilities";
import type { History } from "../state/history";
import { PLAIN, type Look } from "../state/look";
import { Slider } from "./Slider";

const SLIDERS = [
  { name: "saturation", label: "Saturation", min: 0, max: 2 },
  { name: "temperature", label: "Temperature", min: -1, max: 1 },
  { name: "strength", label: "Strength", min: 0, max: 1 },
] as const;

/** The model, if there is a choice, and what is done with its colours. */
export function Moods({ history }: { history: History<Look> }) {
  const known = useCapabilities();
  const look = history.value;
  return (
    <div className="card">
      <h2>Mood</h2>
      {known.models.length > 1 && (
        <label className="row">
          Model
          <select
            value={look.model ?? ""}
            onChange={(event) =>
              history.change({ ...look, model: event.target.value || null, hints: [], alternative: null }, "")
            }
          >
            {known.models.map((one) => (
              <option key={one.name} value={one.default ? "" : one.name}>
                {one.name}{one.condition === "sketch" && ", for drawings"}
              </option>
            ))}
          </select>
        </label>
      )}
      {SLIDERS.filter((one) => can(known, one.name, look.model)).map(({ name, label, min, max }) => (
        <Slider
          key={name}
          label={label}
          min={min}
          max={max}
          rest={PLAIN[name]}
          value={look[name]}
          onChange={(value) => history.change({ ...look, [name]: value }, name)}
          onSettle={history.settle}
        />
      ))}
    </div>
  );
}
