import { useEffect, useState } from "react";
import { api, message, unwrap, type Outcome, type Ranking, type Starred } from "../api/client";
import { Intervals } from "./Intervals";
import { Notice } from "./Notice";
import { t } from "../state/i18n";
import { at } from "../state/root";

const votes = (count: number): string => (count === 1 ? t("1 vote") : t("{count} votes", { count }));

/** What all blind comparisons and stars on this server say, and the tables to take away. */
export function Standings() {
  const [ranking, setRanking] = useState<Ranking | null>(null);
  const [duels, setDuels] = useState<Ranking | null>(null);
  const [stars, setStars] = useState<Starred[]>([]);
  const [error, setError] = useState("");
  useEffect(() => {
    const failed = (caught: unknown): void => setError(message(caught));
    unwrap(api.GET("/api/ranking")).then(setRanking, failed);
    unwrap(api.GET("/api/ranking", { params: { query: { of: "duels" } } })).then(setDuels, failed);
    unwrap(api.GET("/api/stars")).then(setStars, failed);
  }, []);
  return (
    <section aria-labelledby="standings">
      <h2 id="standings">{t("What people said so far")}</h2>
      {error && <Notice error={error} />}
      {ranking && (ranking.votes > 0 ? <Ranked ranking={ranking} /> : <p className="small">{t("Nobody has compared anything yet.")}</p>)}
      {duels && duels.votes > 0 && <Ranked ranking={duels} title={t("Comparisons of people's own photos")} />}
      {stars.length > 0 && (
        <Intervals
          caption={t("Stars")}
          unit={t("Mean")}
          digits={1}
          ends={[1, 5]}
          rows={stars.map((one) => ({
            label: `${one.model} ${one.model_version}`, value: one.mean, low: one.low, high: one.high,
            note: one.ratings === 1 ? t("1 rating") : t("{count} ratings", { count: one.ratings }),
          }))}
        />
      )}
      {stars.length > 0 && (
        <p className="row">
          <a className="button" href={at("/api/ratings?format=csv")} download>{t("Ratings as CSV")}</a>
          <a className="button" href={at("/api/ratings")} download="ratings.json">{t("Ratings as JSON")}</a>
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
  const votesUrl = at(`/api/studies/${id}/votes`);
  return (
    <>
      {outcome.ranking && outcome.ranking.votes > 0 && <Ranked ranking={outcome.ranking} />}
      {outcome.taken && outcome.taken.length > 0 && (
        <Intervals
          caption={t("Taken for the original")}
          unit="%"
          ends={[0, 100]}
          rows={outcome.taken.map((one) => ({
            label: one.is_original ? t("the originals") : one.label, value: 100 * one.rate, low: 100 * one.low, high: 100 * one.high,
            note: t("{taken} of {shown}", { taken: one.taken, shown: one.shown }),
          }))}
        />
      )}
      {outcome.ranking && outcome.ranking.left_out > 0 && (
        <p className="small">{t("{count} people are left out: in a check of attention they preferred a grey photo to one in colour.", { count: outcome.ranking.left_out })}</p>
      )}
      <Pictures outcome={outcome} />
      <p className="row">
        <a className="button" href={`${votesUrl}?format=csv`} download>{t("Votes as CSV")}</a>
        <a className="button" href={votesUrl} download="votes.json">{t("Votes as JSON")}</a>
      </p>
    </>
  );
}

function Ranked({ ranking, title = t("Blind comparisons") }: { ranking: Ranking; title?: string }) {
  return (
    <Intervals
      caption={t("{title}: {votes} by {people}", { title, votes: votes(ranking.votes), people: ranking.voters === 1 ? t("1 person") : t("{count} people", { count: ranking.voters }) })}
      unit="Elo"
      rows={ranking.contestants.map((one) => ({
        label: one.label, value: one.score, low: one.low, high: one.high,
        note: t("{wins} won, {losses} lost, {ties} tied, {bad} both bad", { wins: one.wins, losses: one.losses, ties: one.ties, bad: one.both_bad }),
      }))}
    />
  );
}

/** Photo by photo: what was chosen how often. */
function Pictures({ outcome }: { outcome: Outcome }) {
  if (outcome.pictures.length === 0) return null;
  return (
    <section aria-labelledby="by-photo">
      <h2 id="by-photo">{t("Photo by photo")}</h2>
      <ul className="plain by-photo">
        {outcome.pictures.map((one) => (
          <li key={one.photo_url} className="sides">
            {!outcome.taken && <figure><img src={one.photo_url} alt={t("The photo")} loading="lazy" /><figcaption>{t("The photo")}</figcaption></figure>}
            {one.sides.map((side) => (
              <figure key={side.thumbnail_url}>
                <img src={side.thumbnail_url} alt={side.label || t("the originals")} loading="lazy" />
                <figcaption>{side.label || t("the originals")}: {t("{chosen} of {shown}", { chosen: side.chosen, shown: side.shown })}</figcaption>
              </figure>
            ))}
          </li>
        ))}
      </ul>
    </section>
  );
}
