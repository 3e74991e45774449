import { useEffect, useState } from "react";
import { api, message, unwrap, type Outcome, type Ranking, type Starred } from "../api/client";
import { Intervals } from "./Intervals";
import { Notice } from "./Notice";

const votes = (count: number): string => (count === 1 ? "1 vote" : `${count} votes`);

/** What all blind comparisons and stars on this server say, and the tables to take away. */
export function Standings() {
  const [ranking, setRanking] = useState<Ranking | null>(null);
  const [stars, setStars] = useState<Starred[]>([]);
  const [error, setError] = useState("");
  useEffect(() => {
    const failed = (caught: unknown): void => setError(message(caught));
    unwrap(api.GET("/api/ranking")).then(setRanking, failed);
    unwrap(api.GET("/api/stars")).then(setStars, failed);
  }, []);
  return (
    <section aria-labelledby="standings">
      <h2 id="standings">What people said so far</h2>
      {error && <Notice error={error} />}
      {ranking && (ranking.votes > 0 ? <Ranked ranking={ranking} /> : <p className="small">Nobody has compared anything yet.</p>)}
      {stars.length > 0 && (
        <Intervals
          caption="Stars"
          unit="Mean"
          digits={1}
          ends={[1, 5]}
          rows={stars.map((one) => ({
            label: `${one.model} ${one.model_version}`, value: one.mean, low: one.low, high: one.high,
            note: one.ratings === 1 ? "1 rating" : `${one.ratings} ratings`,
          }))}
        />
      )}
      {stars.length > 0 && (
        <p className="row">
          <a className="button" href="/api/ratings?format=csv" download>Ratings as CSV</a>
          <a className="button" href="/api/ratings" download="ratings.json">Ratings as JSON</a>
        </p>
      )}
    </section>
  );
}

/** What one study says, once its asker has nothing left to answer. */
export function StudyStandings({ id }: { id: string }) {
  const [outcome, setOutcome] = useState<Outcome | null>(null);
  const [error, setError] = useState("");
  useEffect(() => {
    unwrap(api.GET("/api/studies/{study_id}/outcome", { params: { path: { study_id: id } } })).then(
      setOutcome,
      (caught: unknown) => setError(message(caught)),
    );
  }, [id]);
  if (error) return <Notice error={error} />;
  if (!outcome) return null;
  const votesUrl = `/api/studies/${id}/votes`;
  return (
    <>
      {outcome.ranking && outcome.ranking.votes > 0 && <Ranked ranking={outcome.ranking} />}
      {outcome.taken && outcome.taken.length > 0 && (
        <Intervals
          caption="Taken for the original"
          unit="%"
          ends={[0, 100]}
          rows={outcome.taken.map((one) => ({
            label: one.label || "the originals", value: 100 * one.rate, low: 100 * one.low, high: 100 * one.high,
            note: `${one.taken} of ${one.shown}`,
          }))}
        />
      )}
      <p className="row">
        <a className="button" href={`${votesUrl}?format=csv`} download>Votes as CSV</a>
        <a className="button" href={votesUrl} download="votes.json">Votes as JSON</a>
      </p>
    </>
  );
}

function Ranked({ ranking }: { ranking: Ranking }) {
  return (
    <Intervals
      caption={`Blind comparisons: ${votes(ranking.votes)} by ${ranking.voters === 1 ? "1 person" : `${ranking.voters} people`}`}
      unit="Elo"
      rows={ranking.contestants.map((one) => ({
        label: one.label, value: one.score, low: one.low, high: one.high,
        note: `${one.wins} won, ${one.losses} lost, ${one.ties} tied${one.both_bad ? `, ${one.both_bad} both bad` : ""}`,
      }))}
    />
  );
}
