// A server with too much to do answers 429 and says when to come back; the page then does.
const TURNS = 4;
const LONGEST_S = 15;

/** Seconds to wait before asking again, or null if the answer stands. */
export function pause(status: number, retryAfter: string | null, turn: number): number | null {
  if (status !== 429 || turn >= TURNS) return null;
  const seconds = Number(retryAfter ?? 1);
  return seconds <= LONGEST_S ? Math.max(0.3, seconds) * (0.8 + 0.4 * Math.random()) : null; // not all at the same moment
}

/** fetch that comes back when it is told to. */
export async function patientFetch(request: Request): Promise<Response> {
  for (let turn = 0; ; turn++) {
    const answer = await fetch(request.clone());
    const seconds = pause(answer.status, answer.headers.get("retry-after"), turn);
    if (seconds === null) return answer;
    await new Promise((resolve) => window.setTimeout(resolve, 1000 * seconds));
    request.signal.throwIfAborted();
  }
}
