import { useCallback, useEffect, useState } from "react";
import { api, message, unwrap, type Ballot, type Study } from "../api/client";
import { BallotCard } from "../parts/BallotCard";
import { Link } from "../parts/Link";
import { Notice } from "../parts/Notice";
import { Standings, StudyStandings } from "../parts/Standings";

/** Blind comparisons: the list of studies, or one study's next question. */
export function Compare({ studyId }: { studyId?: string }) {
  return studyId ? <Voting id={studyId} /> : <Studies />;
}

function Studies() {
  const [studies, setStudies] = useState<Study[] | null>(null);
  const [error, setError] = useState("");
  useEffect(() => {
    unwrap(api.GET("/api/studies", { params: { query: { limit: 100 } } })).then(
      (page) => setStudies(page.items),
      (caught: unknown) => setError(message(caught)),
    );
  }, []);
  return (
    <section>
      <h1>Compare blind</h1>
      <p>You see two colourings and do not know whose they are. They are named after your answer.</p>
      {error && <Notice error={error} />}
      {studies?.length === 0 && (
        <Notice>No study is open here. Open a photo of yours, change something, and compare it blind with the first guess.</Notice>
      )}
      <ul className="plain studies">
        {studies?.map((study) => (
          <li key={study.id} className="card">
            {study.state === "preparing" ? title(study) : <Link to={`/compare/${study.id}`}>{title(study)}</Link>}
            <span className="small">{STATE[study.state]}</span>
          </li>
        ))}
      </ul>
      <Standings />
    </section>
  );
}

const STATE: Record<Study["state"], string> = { preparing: "being prepared", open: "open for answers", closed: "closed" };
const title = (study: Study): string => study.name || study.question || "A study";

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
  const question = study?.question || (study?.kind === "turing" ? "Are these colours real?" : "Which is better?");
  return (
    <section>
      <h1>{study?.name || "Compare blind"}</h1>
      {error && <Notice error={error} />}
      {left !== null && left > 0 && <p className="small">{left === 1 ? "1 question left" : `${left} questions left`}</p>}
      {ballot && <BallotCard key={ballot.id} ballot={ballot} question={question} next="Next" onNext={draw} />}
      {left === 0 && <Notice>You have answered every question. Thank you. This is what all answers say:</Notice>}
      {(left === 0 || study?.state === "closed") && <StudyStandings id={id} />}
    </section>
  );
}
