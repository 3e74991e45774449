import { useEffect } from "react";
import type { History } from "../state/history";

/** Undo and redo, by buttons and by Ctrl+Z, Ctrl+Shift+Z, Ctrl+Y. */
export function UndoRedo<T>({ history }: { history: History<T> }) {
  const { undo, redo, canUndo, canRedo } = history;
  useEffect(() => {
    const key = (event: KeyboardEvent): void => {
      if (!(event.ctrlKey || event.metaKey)) return;
      if (event.target instanceof HTMLInputElement && event.target.type === "text") return;
      const name = event.key.toLowerCase();
      if (name !== "z" && name !== "y") return;
      event.preventDefault();
      if (name === "y" || event.shiftKey) redo();
      else undo();
    };
    window.addEventListener("keydown", key);
    return () => window.removeEventListener("keydown", key);
  }, [undo, redo]);
  return (
    <>
      <button type="button" onClick={undo} disabled={!canUndo}>Undo</button>
      <button type="button" onClick={redo} disabled={!canRedo}>Redo</button>
    </>
  );
}
