import { useId } from "react";

interface Props {
  label: string;
  value: number;
  min: number;
  max: number;
  rest: number;
  onChange: (value: number) => void;
  onSettle: () => void;
}

/** A labelled slider; a double click brings it back to rest. */
export function Slider({ label, value, min, max, rest, onChange, onSettle }: Props) {
  const id = useId();
  return (
    <div className="slider">
      <label htmlFor={id}>{label}</label>
      <output htmlFor={id}>{value.toFixed(2)}</output>
      <input
        id={id}
        type="range"
        min={min}
        max={max}
        step={0.05}
        value={value}
        onChange={(event) => onChange(Number(event.target.value))}
        onPointerUp={onSettle}
        onBlur={onSettle}
        onDoubleClick={() => onChange(rest)}
      />
    </div>
  );
}
