import type { ReactNode } from "react";
import { go } from "../state/router";
import { at } from "../state/root";

interface Props {
  to: string;
  current?: boolean;
  className?: string;
  children: ReactNode;
}

/** A link inside the page: a real address, so that it opens in a new tab too. */
export function Link({ to, current = false, className, children }: Props) {
  return (
    <a
      href={at(to)}
      className={className}
      aria-current={current ? "page" : undefined}
      onClick={(event) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
        event.preventDefault();
        go(to);
      }}
    >
      {children}
    </a>
  );
}
