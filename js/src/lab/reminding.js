// When a learner whose session is not kept is reminded to download the progress. Pure: times are seconds.

const BEFORE_IDLE = 3 * 60;
const BEFORE_END = [30 * 60, 10 * 60];

// What to say now, null if nothing: `key` names the reminder, which is given once (`given` has those given already).
export function reminder({ now, session, lastInput, unsaved, given }) {
  if (session.kept || !unsaved) return null;
  const left = session.started + session.age - now;
  const threshold = BEFORE_END.filter((before) => left <= before).at(-1);
  if (threshold !== undefined && !given.has(`end-${threshold}`)) {
    return { key: `end-${threshold}`, text: `This session may end in ${minutes(left)}. Its files go with it.` };
  }
  const quiet = now - lastInput;
  if (quiet >= session.idle - BEFORE_IDLE && !given.has("idle")) {
    return { key: "idle", text: `Nothing has happened here for ${minutes(quiet)}; after ${minutes(session.idle)} this session may end.` };
  }
  return null;
}

function minutes(seconds) {
  const whole = Math.max(1, Math.round(seconds / 60));
  return whole === 1 ? "a minute" : `${whole} minutes`;
}

// What to say when exercises have become right, null if nothing.
export function passed(before, after, session) {
  if (session.kept || !before) return null;
  const fresh = after.done.filter((exercise) => !before.done.includes(exercise));
  if (!fresh.length) return null;
  const names = fresh.length === 1 ? `Exercise ${fresh[0]} is` : `Exercises ${fresh.join(", ")} are`;
  return `${names} done. This session is not kept: take your progress with you.`;
}
