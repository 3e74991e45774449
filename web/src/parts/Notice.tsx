interface Props {
  error?: string;
  children?: string;
}

/** A line that screen readers say when it comes. */
export function Notice({ error, children }: Props) {
  if (error) return <p className="notice bad" role="alert">{error}</p>;
  return <p className="notice" role="status">{children}</p>;
}
