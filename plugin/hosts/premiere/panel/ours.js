// What is ours in a sequence: clips by where their sound lies on the disk, markers by what their comment begins with. Premiere
// keeps nothing else of a plugin's with a clip.

const NAME = "Hitpoint Score";
const MARK = "hitpoint:";
const TRACK_NAME = /^(Hitpoint Score(?: \d+)?)(?:: (.+))?$/;
// cut.hitpoint/takes/01/score.wav, cut.hitpoint/stems/bass.wav
const SOUND = /^(.*\.hitpoint[\\/](?:takes[\\/]\d+[\\/])?)(?:score(?:-full)?(?:-\d+)?|stems(?:-\d+)?[\\/]([^\\/]+))\.wav$/;

function slashed(path) {
  return path.replace(/^\\\\\?\\/, "").replace(/\\/g, "/");
}

function samePath(a, b) {
  const [one, other] = [slashed(a), slashed(b)];
  return one === other || (/^[a-z]:/i.test(one) && one.toLowerCase() === other.toLowerCase());
}

function soundOf(path) {
  const found = SOUND.exec(path);
  return found ? { take: slashed(found[1]), stem: found[2] || "" } : null;
}

// Whether a bin item is one of ours that nobody gave a name of his own; undone, it has its file's.
function isImported(name, path) {
  return soundOf(path) !== null && (TRACK_NAME.test(name) || slashed(path).endsWith(`/${name}`));
}

function trackName(score, stem) {
  return stem ? `${score}: ${stem}` : score;
}

function freeName(taken) {
  let number = 1;
  const name = () => (number === 1 ? NAME : `${NAME} ${number}`);
  while (taken.has(name())) number += 1;
  return name();
}

// What the comment of a marker of a score begins with: the same for all of it, another for another take.
function mark(take) {
  const parts = take.split("/").filter(Boolean);
  const from = Math.max(parts.findIndex((part) => part.endsWith(".hitpoint")), 0);
  return `${MARK} ${parts.slice(from).join("/")}`;
}

// Every score in a sequence: {take, name, parts, changed}. A part is {index, name, clip, stem}; `changed` says what became of
// the score, empty where nobody touched it.
function standing(tracks, frameTicks) {
  const scores = new Map();
  for (const track of tracks) {
    for (const clip of track.clips) {
      const sound = soundOf(clip.path);
      if (!sound) continue;
      if (!scores.has(sound.take)) scores.set(sound.take, []);
      scores.get(sound.take).push({ index: track.index, track, clip, stem: sound.stem });
    }
  }
  const found = [];
  for (const [take, parts] of scores) {
    const name = nameOf(parts);
    found.push({
      take,
      name,
      parts: parts.map((part) => ({ ...part, name: trackName(name, part.stem) })),
      changed: changed(parts, frameTicks),
    });
  }
  return found.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.parts[0].index - b.parts[0].index));
}

function nameOf(parts) {
  for (const part of parts) {
    const named = TRACK_NAME.exec(part.track.name) || TRACK_NAME.exec(part.clip.name.replace(/\.wav$/, ""));
    if (named) return named[1];
  }
  return NAME;
}

function changed(parts, frameTicks) {
  if (new Set(parts.map((part) => part.stem)).size !== parts.length) return "was cut or copied";
  for (const { clip, track } of parts) {
    const length = clip.end - clip.start;
    const cut = clip.whole !== null && 4n * (clip.whole > length ? clip.whole - length : length - clip.whole) > 3n * frameTicks;
    if (clip.start !== 0n || clip.first !== 0n || cut) return "was moved or cut";
    if (track.clips.length > 1) return "shares its track with clips that are not ours";
  }
  return "";
}

// The sound tracks that we once made and that hold nothing now. They have our name, where Premiere let us give it.
function emptied(tracks) {
  return tracks.filter((track) => track.clips.length === 0 && TRACK_NAME.test(track.name));
}

function marksOf(listed, take) {
  const text = take === undefined ? MARK : mark(take);
  return listed.filter(({ comments }) => (take === undefined ? comments.startsWith(text) : comments === text));
}

module.exports = { NAME, samePath, soundOf, isImported, trackName, freeName, mark, standing, emptied, marksOf };
