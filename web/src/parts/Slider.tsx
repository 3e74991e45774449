import { useId } from "react";
import { number, t } from "../state/i18n";

interface Props {
  label: string;
  value: number;
  min: number;
  max: number;
  rest: number;
  step?: number;
  percent?: boolean;
  onChange: (value: number) => void;
  onSettle: () => void;
}

/** A labelled slider; a double click, or the button that comes when it was moved, brings it back to rest. */
export function Slider({ label, value, min, max, rest, step = 0.05, percent = false, onChange, onSettle }: Props) {
  const id = useId();
  return (
    <div className="slider">
      <label htmlFor={id}>{label}</label>
      <output htmlFor={id}>{percent ? `${number(Math.round(1000 * value) / 10)} %` : number(value, step < 1 ? 2 : 0)}</output>
      <input
        id={id}
        type="range"
        min={min}
        max={max}
        step={step}
        value={value}
        title={t("Double click to reset")}
        onChange={(event) => onChange(Number(event.target.value))}
        onPointerUp={onSettle}
        onBlur={onSettle}
        onDoubleClick={() => onChange(rest)}
      />
    </div>
  );
}
