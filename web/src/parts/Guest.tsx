import type { Picture } from "../api/client";
import { BeforeAfter } from "./BeforeAfter";
import { Notice } from "./Notice";
import { Rating } from "./Rating";

/** Somebody else's shared photo: its newest result, to look at and to rate. */
export function Guest({ picture }: { picture: Picture }) {
  const result = picture.results.at(-1);
  if (!result) return <Notice>This photo has no result yet.</Notice>;
  return (
    <section>
      <h1>{picture.name}</h1>
      <BeforeAfter
        before={`${picture.preview_url}?grey=true`}
        after={result.preview_url}
        width={picture.width}
        height={picture.height}
        full={false}
        busy={false}
      />
      <p className="small">Colours are estimated by the model {result.model}.</p>
      <Rating key={result.id} find={() => Promise.resolve(result)} />
    </section>
  );
}
