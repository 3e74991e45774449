import { t } from "../state/i18n";
export interface Interval {
  label: string;
  value: number;
  low: number;
  high: number;
  /** More about it, in words. */
  note: string;
}

interface Props {
  caption: string;
  unit: string;
  rows: Interval[];
  digits?: number;
  /** The scale's ends; those of the intervals if left out. */
  ends?: [number, number];
}

/** A ranking: each value with its 95 % interval, as numbers and drawn on one scale. */
export function Intervals({ caption, unit, rows, digits = 0, ends }: Props) {
  const [least, most] = ends ?? [Math.min(...rows.map((one) => one.low)), Math.max(...rows.map((one) => one.high))];
  const place = (value: number): number => (100 * (Math.min(most, Math.max(least, value)) - least)) / (most - least || 1);
  return (
    <table className="intervals">
      <caption>{caption}</caption>
      <thead>
        <tr><th scope="col">{t("Colouring")}</th><th scope="col">{unit}</th><th scope="col">{t("95 % interval")}</th></tr>
      </thead>
      <tbody>
        {rows.map(({ label, value, low, high, note }) => (
          <tr key={label}>
            <th scope="row">{label}<span className="small">{note}</span></th>
            <td>{value.toFixed(digits)}</td>
            <td>
              <span className="interval" aria-hidden="true">
                <i style={{ left: `${place(low)}%`, width: `${place(high) - place(low)}%` }} />
                <b style={{ left: `${place(value)}%` }} />
              </span>
              <span className="small">{low === high ? t("too few to say") : t("{low} to {high}", { low: low.toFixed(digits), high: high.toFixed(digits) })}</span>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
