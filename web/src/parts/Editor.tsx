import { useCallback, useEffect, useRef, useState } from "react";
import { api, message, unwrap, type Picture, type Result } from "../api/client";
import { can, useCapabilities } from "../state/capabilities";
import { useHistory } from "../state/history";
import { t } from "../state/i18n";
import { useKeys } from "../state/keys";
import { asOptions, lookOf, remember, remembered, type Look } from "../state/look";
import { usePrediction } from "../state/usePrediction";
import { useSelection } from "../state/useSelection";
import { FilmStrip, useNeighbours } from "./FilmStrip";
import { Hints } from "./Hints";
import { MoodPanel } from "./MoodPanel";
import { MorePanel } from "./MorePanel";
import { Notice } from "./Notice";
import { SavePanel } from "./SavePanel";
import { Stage, type Compare, type StageHandle } from "./Stage";
import { PaintPanel, type Tool } from "./PaintPanel";
import { Sure } from "./Sure";
import { Toolbar } from "./Toolbar";
import { VersionsPanel } from "./VersionsPanel";
import { at } from "../state/root";

const PREVIEW = 1280;
const KEEP_LOOK_MS = 1500;
const MOST_KEPT_ALIVE = 60_000; // bytes of what is asked that browsers send to its end when the page is left
const PANELS = ["Paint", "Mood", "Versions", "Save", "More"] as const;
type Panel = (typeof PANELS)[number];

/** A photo of one's own, as large as the window allows, and beside it all that can be done with it. */
export function Editor({ picture, reload }: { picture: Picture; reload: () => void }) {
  const known = useCapabilities();
  const [first] = useState(() => remembered(picture.id, picture.look));
  const history = useHistory<Look>(first);
  const look = history.value;
  const prediction = usePrediction(picture.id, look);
  const [panel, setPanel] = useState<Panel>("Paint");
  const [open, setOpen] = useState(true);
  const [compare, setCompare] = useState<Compare>("slider");
  const [held, setHeld] = useState(false);
  const [sure, setSure] = useState(false);
  const [tool, setTool] = useState<Tool>("point");
  const [brush, setBrush] = useState(0.03);
  const [colour, setColour] = useState("#7a4b3a");
  const [against, setAgainst] = useState<Result | null>(null);
  const [selected, setSelected] = useState<number | null>(null);
  const [kept, setKept] = useState<{ look: Look; result: Result } | null>(null);
  const [trouble, setTrouble] = useState("");
  const stage = useRef<StageHandle>(null);
  const section = useRef<HTMLElement>(null);
  const hasHints = can(known, "hints", look.model);
  const selection = useSelection(picture.id, look.model, can(known, "suggestions", look.model));

  useEffect(() => {
    remember(picture.id, look);
    const timer = window.setTimeout(() => {
      const params = { path: { picture_id: picture.id } };
      void unwrap(api.PATCH("/api/pictures/{picture_id}", { params, body: { look: { ...look } } })).catch(() => undefined);
    }, KEEP_LOOK_MS);
    return () => window.clearTimeout(timer);
  }, [picture.id, look]);

  /** The whole result of what is seen. Asked the same again, the server gives the same. */
  const keep = useCallback(async (share = false): Promise<Result> => {
    const params = { path: { picture_id: picture.id }, query: { show: true, share } };
    const body = asOptions(look);
    const keepalive = JSON.stringify(body).length < MOST_KEPT_ALIVE;
    const result = await unwrap(api.POST("/api/pictures/{picture_id}/results", { params, body, keepalive }));
    setKept({ look, result });
    reload();
    return result;
  }, [picture.id, look, reload]);
  const begun = useRef(picture.results.length > 0);
  useEffect(() => {
    if (begun.current || prediction.busy) return; // the first result is for the gallery, others when they are asked for
    begun.current = true;
    keep().catch((caught: unknown) => setTrouble(message(caught)));
  }, [keep, prediction.busy]);

  const change = (next: Partial<Look>, label = ""): void => history.change({ ...look, ...next }, label);
  const commit = (color: string): void => {
    const { plus, minus } = selection.points;
    const strokes = minus.map((point) => ({ points: [point], kind: "keep" as const, color: "#808080", width: 0.03, area: false, strength: 1 }));
    const hints = plus.map(([x, y]) => ({ x, y, color, strength: 1 }));
    change({ hints: [...look.hints, ...hints], strokes: [...look.strokes, ...strokes], alternative: null });
    setSelected(look.hints.length + hints.length - 1);
    selection.clear();
  };
  const remove = (): void => {
    if (selected === null) return;
    change({ hints: look.hints.filter((_, at) => at !== selected) });
    setSelected(null);
  };
  const neighbours = useNeighbours(picture.id);
  const fullScreen = (): void => {
    if (document.fullscreenElement) void document.exitFullscreen();
    else void section.current?.requestFullscreen?.().catch(() => undefined);
  };
  useKeys({
    "mod+z": history.undo, "mod+shift+z": history.redo, "mod+y": history.redo,
    "+": () => stage.current?.zoom(1.5), "=": () => stage.current?.zoom(1.5), "-": () => stage.current?.zoom(1 / 1.5),
    0: () => stage.current?.fit(), 1: () => stage.current?.whole(),
    f: fullScreen, c: () => setSure(!sure), s: () => setCompare(compare === "slider" ? "side" : "slider"), h: () => setHeld(!held),
    p: () => setTool("point"), b: () => setTool("paint"), a: () => setTool("area"), k: () => setTool("keep"), e: () => setTool("grey"),
    Escape: () => { setSelected(null); selection.clear(); }, Delete: remove, Backspace: remove,
    "[": () => neighbours.go(-1), "]": () => neighbours.go(1),
    v: () => void keep().catch((caught: unknown) => setTrouble(message(caught))), d: () => { setOpen(true); setPanel("Save"); },
  });

  const base = at(`/api/pictures/${picture.id}`);
  const grey = `${picture.preview_url}?grey=true`;
  const before = against ? against.preview_url : grey;
  const draws = hasHints && tool !== "point" && tool !== "pick";
  return (
    <section className={open ? "editor" : "editor folded"} ref={section} aria-label={picture.name}>
      <div className="table">
        <Toolbar
          history={history} compare={compare} onCompare={setCompare} held={held} onHold={setHeld} sure={sure}
          onSure={can(known, "confidence", look.model) ? setSure : null} stage={stage} onFullScreen={fullScreen} open={open} onOpen={setOpen}
        />
        <Stage
          before={before} after={prediction.url} full={`${picture.preview_url}?grey=true&full=true`} width={picture.width} height={picture.height}
          preview={PREVIEW} compare={compare} showBefore={held} busy={prediction.busy} coarse={prediction.coarse} handle={stage} brush={draws ? brush : null}
          onTap={(x, y, event) => {
            if (!hasHints) return;
            if (tool === "pick") void pickFrom(prediction.url, x, y).then((found) => { setColour(found); setTool("paint"); });
            else {
              setSelected(null);
              setOpen(true);
              setPanel("Paint");
              selection.add([x, y], !(event.altKey || selection.minus));
            }
          }}
          onDraw={(points) => {
            const kind = tool === "keep" || tool === "grey" ? tool : "paint";
            change({ strokes: [...look.strokes, { points: thinned(points), kind, color: colour, width: brush, area: tool === "area", strength: 1 }], alternative: null });
          }}
        >
          {sure && <Sure url={`${base}/confidence${look.model ? `?model=${encodeURIComponent(look.model)}` : ""}`} />}
          {hasHints && (
            <Hints picture={picture} history={history} selected={selected} onSelect={(at) => { setSelected(at); setPanel("Paint"); selection.clear(); }} selection={selection} />
          )}
        </Stage>
        <div className="says" aria-live="polite">
          {prediction.error || trouble ? (
            <span className="row">
              <Notice error={prediction.error || trouble} />
              <button type="button" onClick={() => { setTrouble(""); prediction.again(); }}>{t("Try again")}</button>
            </span>
          ) : <Notice>{prediction.busy ? t("Colouring…") : sure ? t("Hatched is a guess; where it is clear the model is fairly sure.") : t("Colours are estimated.")}</Notice>}
        </div>
        <FilmStrip current={picture.id} neighbours={neighbours} />
      </div>
      <aside className="panel" aria-label={t("Tools")}>
        <div className="title">
          <h1>{picture.name}</h1>
          <p className="small">{t("{width} × {height} pixels, {format}", { width: String(picture.width), height: String(picture.height), format: picture.format })}</p>
        </div>
        <div className="tablist" role="tablist" aria-label={t("Tools")}>
          {PANELS.map((name) => (
            <button key={name} type="button" role="tab" id={`tab-${name}`} aria-selected={panel === name} aria-controls="panel" onClick={() => setPanel(name)}>{t(name)}</button>
          ))}
        </div>
        <div id="panel" role="tabpanel" aria-labelledby={`tab-${panel}`}>
          {panel === "Paint" && (hasHints ? (
            <PaintPanel
              picture={picture} history={history} tool={tool} onTool={setTool} brush={brush} onBrush={setBrush} colour={colour} onColour={setColour}
              selected={selected} onSelect={setSelected} onRemove={remove} selection={selection} onCommit={commit}
            />
          ) : <p>{t("This model takes no colours by hand. Choose another under Mood.")}</p>)}
          {panel === "Mood" && <MoodPanel picture={picture} history={history} />}
          {panel === "Versions" && (
            <VersionsPanel
              picture={picture} current={kept?.look === look ? kept.result.id : null} against={against} onAgainst={setAgainst} keep={keep} reload={reload}
              onOpen={(result) => history.change(lookOf({ ...result.options, model: defaultName(known, result.model) }), "")}
            />
          )}
          {panel === "Save" && <SavePanel picture={picture} history={history} keep={keep} />}
          {panel === "More" && <MorePanel picture={picture} look={look} keep={keep} reload={reload} result={kept?.look === look ? kept.result : null} />}
        </div>
      </aside>
    </section>
  );
}

const defaultName = (known: ReturnType<typeof useCapabilities>, model: string): string | null => (known.default_model === model ? null : model);

/** At most 200 places of a line, the first and last among them. */
function thinned(points: [number, number][]): [number, number][] {
  const step = Math.max(1, Math.ceil(points.length / 199));
  return points.filter((_, at) => at % step === 0 || at === points.length - 1).map(([x, y]) => [+x.toFixed(4), +y.toFixed(4)]);
}

/** The colour of a picture at a place. */
export async function pickFrom(url: string, x: number, y: number): Promise<string> {
  const image = new Image();
  image.src = url;
  await image.decode();
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
  const context = canvas.getContext("2d");
  if (!context) return "#808080";
  context.drawImage(image, 0, 0);
  const [red, green, blue] = context.getImageData(Math.min(canvas.width - 1, x * canvas.width), Math.min(canvas.height - 1, y * canvas.height), 1, 1).data;
  return `#${[red, green, blue].map((value) => (value ?? 0).toString(16).padStart(2, "0")).join("")}`;
}
