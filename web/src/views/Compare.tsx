import { useCallback, useEffect, useState } from "react";
import { api, message, unwrap, type Ballot, type Study } from "../api/client";
import { BallotCard } from "../parts/BallotCard";
import { Link } from "../parts/Link";
import { MakeStudy } from "../parts/MakeStudy";
import { Notice } from "../parts/Notice";
import { Standings, StudyStandings } from "../parts/Standings";
import { t } from "../state/i18n";

/** Blind comparisons: the list of studies, or one study's next question. */
export function Compare({ studyId }: { studyId?: string }) {
  return studyId ? <Voting id={studyId} /> : <Studies />;
}

function Studies() {
  const [studies, setStudies] = useState<Study[] | null>(null);
  const [error, setError] = useState("");
  const load = useCallback(() => {
    unwrap(api.GET("/api/studies", { params: { query: { limit: 100 } } })).then(
      (page) => setStudies(page.items),
      (caught: unknown) => setError(message(caught)),
    );
  }, []);
  useEffect(load, [load]);
  const alter = (study: Study, asked: "open" | "closed" | "delete"): void => {
    const params = { path: { study_id: study.id } };
    if (asked === "delete" && !window.confirm(t("Delete the study with its answers for good?"))) return;
    const done = asked === "delete" ? unwrap(api.DELETE("/api/studies/{study_id}", { params })) : unwrap(api.PATCH("/api/studies/{study_id}", { params, body: { state: asked } }));
    done.then(load, (caught: unknown) => setError(message(caught)));
  };
  return (
    <section>
      <h1>{t("Compare blind")}</h1>
      <p>{t("You see two colourings and do not know whose they are. After your answer you are told.")}</p>
      {error && <Notice error={error} />}
      {studies?.length === 0 && (
        <Notice>{t("No study is open here. Open a photo of yours, change something, and compare it blind with the first guess.")}</Notice>
      )}
      <ul className="plain studies">
        {studies?.map((study) => (
          <li key={study.id} className="card">
            {study.state === "preparing" ? title(study) : <Link to={`/compare/${study.id}`}>{title(study)}</Link>}
            <span className="small">{t(STATE[study.state])}</span>
            {study.mine && (
              <span className="row">
                {study.state !== "preparing" && <button type="button" onClick={() => alter(study, study.state === "open" ? "closed" : "open")}>{study.state === "open" ? t("Close it") : t("Open it again")}</button>}
                <button type="button" className="danger" onClick={() => alter(study, "delete")}>{t("Delete")}</button>
              </span>
            )}
          </li>
        ))}
      </ul>
      <MakeStudy onMade={load} />
      <Standings />
    </section>
  );
}

const STATE: Record<Study["state"], string> = { preparing: "being prepared", open: "open for answers", closed: "closed" };
const title = (study: Study): string => study.name || study.question || t("A study");

function Voting({ id }: { id: string }) {
  const [study, setStudy] = useState<Study | null>(null);
  const [ballot, setBallot] = useState<Ballot | null>(null);
  const [left, setLeft] = useState<number | null>(null);
  const [error, setError] = useState("");
  const failed = (caught: unknown): void => setError(message(caught));
  const draw = useCallback(() => {
    unwrap(api.POST("/api/studies/{study_id}/ballots", { params: { path: { study_id: id } } })).then((next) => {
      setBallot(next.ballot);
      setLeft(next.left);
    }, failed);
  }, [id]);
  useEffect(() => {
    unwrap(api.GET("/api/studies/{study_id}", { params: { path: { study_id: id } } })).then((found) => {
      setStudy(found);
      if (found.state === "open") draw();
    }, failed);
  }, [id, draw]);
  const question = study?.question || (study?.kind === "turing" ? t("Are these colours real?") : t("Which is better?"));
  return (
    <section>
      <h1>{study?.name || t("Compare blind")}</h1>
      {error && <Notice error={error} />}
      {left !== null && left > 0 && <p className="small">{left === 1 ? t("1 question left") : t("{count} questions left", { count: left })}</p>}
      {ballot && <BallotCard key={ballot.id} ballot={ballot} question={question} next={t("Next")} onNext={draw} />}
      {left === 0 && <Notice>{t("You have answered every question. Thank you. This is what all answers say:")}</Notice>}
      {(left === 0 || study?.state === "closed") && <StudyStandings id={id} />}
    </section>
  );
}
