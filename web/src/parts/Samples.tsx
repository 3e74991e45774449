import { t } from "../state/i18n";
import { at } from "../state/root";

interface Props {
  onFiles: (files: File[]) => void;
  onTrouble: (error: unknown) => void;
  disabled: boolean;
}

/** In the public domain, made small from examples/, where SOURCES.md says what they are. */
const SAMPLES = [
  { url: at(new URL("../samples/migrant-mother-1936.webp", import.meta.url).pathname), name: "Migrant mother, 1936" },
  { url: at(new URL("../samples/lincoln-1863.webp", import.meta.url).pathname), name: "Abraham Lincoln, 1863" },
  { url: at(new URL("../samples/boulevard-1838.webp", import.meta.url).pathname), name: "Boulevard du Temple, 1838" },
];

/** Old photographs that come with the page, for whoever has none at hand. */
export function Samples({ onFiles, onTrouble, disabled }: Props) {
  const take = async (url: string, name: string): Promise<void> => {
    try {
      const blob = await (await fetch(url)).blob();
      onFiles([new File([blob], `${name}.webp`, { type: "image/webp" })]);
    } catch (caught) {
      onTrouble(caught);
    }
  };
  return (
    <section aria-labelledby="samples">
      <h2 id="samples">{t("No photo at hand? Try one of these")}</h2>
      <div className="samples">
        {SAMPLES.map(({ url, name }) => (
          <button key={name} type="button" disabled={disabled} onClick={() => void take(url, name)}>
            <img src={url} alt="" />
            <span>{t(name)}</span>
          </button>
        ))}
      </div>
    </section>
  );
}
