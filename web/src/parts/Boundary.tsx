import { Component, type ReactNode } from "react";
import { t } from "../state/i18n";

/** Says that the page broke instead of showing nothing. */
export class Boundary extends Component<{ children: ReactNode }, { error: string }> {
  override state = { error: "" };

  static getDerivedStateFromError(error: unknown): { error: string } {
    return { error: error instanceof Error ? error.message : String(error) };
  }

  override render(): ReactNode {
    if (!this.state.error) return this.props.children;
    return (
      <main className="empty">
        <h1>{t("The page broke")}</h1>
        <p role="alert">{t("Your photos are safe on the server. Load the page again; if it breaks again, tell whoever runs it: {error}", { error: this.state.error })}</p>
        <button type="button" className="primary" onClick={() => window.location.reload()}>{t("Load it again")}</button>
      </main>
    );
  }
}
