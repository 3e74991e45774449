import { useEffect, useState } from "react";
import { api, unwrap, type Job } from "../api/client";
import { Link } from "./Link";

/** What became of one photo of a batch. */
export function BatchTile({ outcome }: { outcome: Job["outcomes"][number] }) {
  const { picture_id: id, result_id: result, error } = outcome;
  const [name, setName] = useState("");
  useEffect(() => {
    unwrap(api.GET("/api/pictures/{picture_id}", { params: { path: { picture_id: id } } })).then(
      (picture) => setName(picture.name),
      () => setName("deleted"),
    );
  }, [id]);
  return (
    <li>
      <Link to={`/photo/${id}`}>
        <img src={result ? `/api/results/${result}/thumbnail` : `/api/pictures/${id}/thumbnail`} alt="" />
        <span>{name || "Photo"}</span>
        {error && <span className="notice bad">{error}</span>}
      </Link>
    </li>
  );
}
