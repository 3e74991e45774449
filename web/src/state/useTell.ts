// Tells something outside of the page, once, if that is allowed and the page is not looked at.
import { useEffect } from "react";

export function useTell(text: string): void {
  useEffect(() => {
    if (!text) return;
    const title = document.title;
    document.title = `● ${text}`;
    if ("Notification" in window && Notification.permission === "granted" && document.hidden) new Notification("tintype", { body: text });
    return () => {
      document.title = title;
    };
  }, [text]);
}
