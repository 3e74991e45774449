// A value with undo and redo. Changes that follow each other under one label (a drag, a slider) are one step.
import { useCallback, useState } from "react";

interface Past<T> {
  steps: T[];
  at: number;
  label: string;
}

export interface History<T> {
  value: T;
  change: (next: T, label: string) => void;
  /** End the step: the next change starts a new one even under the same label. */
  settle: () => void;
  undo: () => void;
  redo: () => void;
  canUndo: boolean;
  canRedo: boolean;
}

export function useHistory<T>(first: T): History<T> {
  const [past, setPast] = useState<Past<T>>({ steps: [first], at: 0, label: "" });
  const change = useCallback((next: T, label: string) => {
    setPast((now) => {
      const goesOn = label !== "" && label === now.label && now.at > 0;
      const kept = now.steps.slice(0, goesOn ? now.at : now.at + 1);
      return { steps: [...kept, next], at: kept.length, label };
    });
  }, []);
  const settle = useCallback(() => setPast((now) => ({ ...now, label: "" })), []);
  const move = useCallback(
    (by: number) =>
      setPast((now) => ({ ...now, at: Math.min(Math.max(now.at + by, 0), now.steps.length - 1), label: "" })),
    [],
  );
  return {
    value: past.steps[past.at] as T,
    change,
    settle,
    undo: useCallback(() => move(-1), [move]),
    redo: useCallback(() => move(1), [move]),
    canUndo: past.at > 0,
    canRedo: past.at < past.steps.length - 1,
  };
}
