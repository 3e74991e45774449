interface Props {
  label: string;
  /** 0 to 1; left out while it is not known. */
  share?: number;
}

export function Progress({ label, share }: Props) {
  return (
    <label className="progress">
      <span aria-live="polite">{label}</span>
      <progress max={1} value={share} />
    </label>
  );
}
