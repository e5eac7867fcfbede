// A score put on sound tracks of its own, and taken off again. What is not ours is never moved, cut or laid over: our clips go
// on tracks that are new, ours or emptied by us, and afterwards every other track is compared with what it was.

const ppro = require("premierepro");
const ours = require("./ours.js");
const { Refusal } = require("./refusal.js");
const { binItems, markersOf, mediumOf, perFrame, soundTracks } = require("./sequence.js");
const { ticksAt, ticksOf, distance } = require("./ticks.js");

const COLORS = { RED: "RED", MAGENTA: "MAGNETA", ORANGE: "ORANGE", YELLOW: "YELLOW", BLUE: "BLUE", CYAN: "CYAN" };

// What is there now, as far as it concerns us.
async function look(sequence) {
  const frameTicks = await perFrame(sequence);
  const tracks = await soundTracks(sequence);
  return { frameTicks, tracks, scores: ours.standing(tracks, frameTicks), markers: await markersOf(sequence) };
}

// What placing would do: `going` is the score that makes room, `indexes` the tracks that the sounds go on.
async function plan(sequence, music) {
  const there = await look(sequence);
  const whole = there.scores.filter((score) => !score.changed);
  const going = whole.length === 1 ? whole[0] : null;
  const taken = new Set(there.scores.map((score) => score.name));
  const name = going ? going.name : ours.freeName(taken);
  const own = going ? going.parts.map((part) => part.index) : [];
  const room = [...own, ...ours.emptied(there.tracks).map((track) => track.index)];
  const count = there.tracks.length;
  const indexes = music.sounds.map((_, number) => (number < room.length ? room[number] : count + number - room.length));
  const names = music.sounds.map((sound) => ours.trackName(name, sound.stem));
  const replaces = going ? going.parts.map((part) => part.name) : [];
  const steps = replaces.map((track) => `take '${track}' off`);
  names.forEach((track, number) => {
    const place = indexes[number] < count ? "audio track" : "a new audio track,";
    steps.push(`lay '${track}' on ${place} ${indexes[number] + 1}`);
  });
  if (music.marks.length) steps.push(`write ${music.marks.length} markers`);
  const warnings = there.scores
    .filter((score) => score !== going)
    .map((score) => `'${score.name}' ${score.changed || "is there twice"}, so it stays: mute it or it plays along with '${name}'`);
  return { there, going, name, names, indexes, replaces, steps, warnings };
}

async function place(project, sequence, music) {
  const planned = await plan(sequence, music);
  const take = takeOf(music);
  const { items, brought } = await imported(project, music.sounds.map((sound) => sound.path));
  try {
    apply(project, sequence, music, planned, items, take);
  } catch (error) {
    await discard(project, brought);
    throw new Refusal("refused", `Premiere did not take the music (${words(error)}): the sequence is as it was`);
  }
  const now = await look(sequence);
  const wrong = compared(planned, music, now, take);
  if (wrong.length) throw await takenBack(project, sequence, planned, now, take, brought, wrong);
  const warnings = [...planned.warnings, ...finish(project, music, planned, now, take)];
  const marked = ours.marksOf((await markersOf(sequence)).listed, take).length;
  const missing = marked < music.marks.length ? [`${music.marks.length - marked} of ${music.marks.length} markers`] : [];
  return { tracks: planned.names, marks: marked, missing, warnings };
}

function takeOf(music) {
  const sound = ours.soundOf(music.sounds[0].path);
  if (!sound) throw new Refusal("usage", `${music.sounds[0].path}: does not lie where scores are kept`);
  return sound.take;
}

// The bin's items for some sounds. `brought` are those that were not there before: importing is no step that can be undone.
async function imported(project, paths) {
  const root = await project.getRootItem();
  const items = [];
  const brought = [];
  for (const path of paths) {
    let found = await itemOf(root, path);
    if (!found) {
      const done = await project.importFiles([path], true, root, false);
      found = await itemOf(root, path);
      if (!done || !found) {
        await discard(project, brought);
        throw new Refusal("refused", `Premiere did not import ${path}: the sequence is as it was`);
      }
      brought.push(found);
    }
    items.push(found.item);
  }
  return { items, brought };
}

async function itemOf(root, path) {
  for (const found of await binItems(root)) {
    if (ours.samePath((await mediumOf(found.item)).path, path)) return found;
  }
  return null;
}

// One transaction: one step to undo. Actions are made and used while the project stands still for us.
function transaction(project, name, make) {
  let done = false;
  let failed = null;
  project.lockedAccess(() => {
    try {
      const actions = make().filter(Boolean);
      done = actions.length === 0 || project.executeTransaction((compound) => {
        for (const action of actions) compound.addAction(action);
      }, name);
    } catch (error) {
      failed = error;
    }
  });
  if (failed) throw failed;
  if (!done) throw new Error("it carried out nothing");
}

function apply(project, sequence, music, planned, items, take) {
  const editor = ppro.SequenceEditor.getEditor(sequence);
  const zero = ppro.TickTime.createWithTicks("0");
  transaction(project, "Hitpoint: place the score", () => [
    ...(planned.going ? [removal(editor, planned.going.parts.map((part) => part.clip.item))] : []),
    ...(planned.going ? unmarking(planned.there.markers, planned.going.take) : []),
    ...items.map((item, number) => item.createSetNameAction(planned.names[number])),
    ...items.map((item, number) => editor.createOverwriteItemAction(item, zero, 0, planned.indexes[number])),
    ...music.marks.map((mark) => marking(planned.there, mark, take)),
  ]);
}

function marking(there, mark, take) {
  const at = ppro.TickTime.createWithTicks(String(ticksAt(mark.frame, there.frameTicks)));
  const none = ppro.TickTime.createWithTicks("0");
  return there.markers.owner.createAddMarkerAction(mark.name, ppro.Marker.MARKER_TYPE_COMMENT, at, none, ours.mark(take));
}

function removal(editor, clips) {
  let action = null;
  ppro.TrackItemSelection.createEmptySelection((selection) => {
    for (const clip of clips) selection.addItem(clip, true);
    action = editor.createRemoveItemsAction(selection, false, ppro.Constants.MediaType.AUDIO, false);
  });
  return action;
}

function unmarking(markers, take) {
  return ours.marksOf(markers.listed, take).map(({ marker }) => markers.owner.createRemoveMarkerAction(marker));
}

// What did not become as it was planned; empty where all did. Markers are no reason to refuse the music.
function compared(planned, music, now, take) {
  const wrong = [];
  const score = now.scores.find((each) => each.take === take);
  music.sounds.forEach((sound, number) => {
    const name = planned.names[number];
    const part = score && score.parts.find((each) => each.stem === sound.stem && each.index === planned.indexes[number]);
    const long = ticksAt(music.frames, now.frameTicks);
    if (!part) wrong.push(`'${name}' is not on audio track ${planned.indexes[number] + 1}`);
    else if (part.clip.start !== 0n) wrong.push(`'${name}' does not begin with the sequence`);
    else if (4n * distance(part.clip.end, long) > 3n * now.frameTicks) wrong.push(`'${name}' is not as long as the sequence`);
  });
  return [...disturbed(planned, now), ...wrong];
}

// The tracks that were none of our business and are not as they were.
function disturbed(planned, now) {
  return planned.there.tracks
    .filter((track) => !planned.indexes.includes(track.index) && !goingFrom(planned, track.index))
    .filter((track) => shape(track) !== shape(now.tracks[track.index]))
    .map((track) => `it changed '${track.name || `audio track ${track.index + 1}`}', which is not ours`);
}

function shape(track) {
  return track ? track.clips.map((clip) => `${clip.start} ${clip.end} ${clip.first} ${clip.path}`).join("\n") : "";
}

function goingFrom(planned, index) {
  return planned.going !== null && planned.going.parts.some((part) => part.index === index);
}

// What to raise where Premiere did otherwise than it said, after what it did was taken back as far as it can be. A plugin
// cannot undo: our clips are taken off and the earlier ones laid again, and whether that gave back what was is looked at.
async function takenBack(project, sequence, planned, now, take, brought, wrong) {
  const editor = ppro.SequenceEditor.getEditor(sequence);
  const clips = (there) => there.tracks.flatMap((track) => track.clips.map((clip) => ({ clip, at: `${track.index} ${clip.start} ${clip.path}` })));
  const known = new Set(clips(planned.there).map(({ at }) => at));
  const isOf = (clip) => (ours.soundOf(clip.path) || {}).take === take;
  const laid = clips(now).filter(({ clip, at }) => isOf(clip) && !known.has(at)).map(({ clip }) => clip.item);
  const before = planned.going ? planned.going.parts : [];
  const marks = planned.going ? ours.marksOf(planned.there.markers.listed, planned.going.take) : [];
  const zero = ppro.TickTime.createWithTicks("0");
  let whole = false;
  try {
    transaction(project, "Hitpoint: take the score back", () => [
      ...(laid.length ? [removal(editor, laid)] : []),
      ...unmarking(now.markers, take),
      ...before.map((part) => editor.createOverwriteItemAction(part.clip.source, zero, 0, part.index)),
      ...marks.map((mark) => remarking(now, mark)),
      ...brought.map(({ item, bin }) => bin.createRemoveItemAction(item)),
    ]);
    const left = await look(sequence);
    whole = left.tracks.every((track) => shape(track) === shape(planned.there.tracks[track.index]));
  } catch (_) {
    // said below
  }
  const said = whole ? "the sequence is as it was" : "undo in Premiere, back to before 'Hitpoint: place the score'";
  return new Refusal("refused", `Premiere did not place the music as asked (${wrong[0]}): ${said}`);
}

function remarking(now, mark) {
  const at = ppro.TickTime.createWithTicks(String(mark.start));
  const none = ppro.TickTime.createWithTicks("0");
  return now.markers.owner.createAddMarkerAction(mark.name, ppro.Marker.MARKER_TYPE_COMMENT, at, none, mark.comments);
}

// Names of tracks and colours of markers: both belong to what is there only now, so they are a step of their own. Answers what
// is to be said of it.
function finish(project, music, planned, now, take) {
  const tracks = planned.indexes.map((index) => now.tracks[index]);
  const unnamed = tracks.map((track, number) => [track, planned.names[number]]).filter(([track, name]) => track.name !== name);
  const able = unnamed.every(([track]) => typeof track.track.createSetNameAction === "function");
  try {
    transaction(project, "Hitpoint: name its tracks", () => [
      ...(able ? unnamed.map(([track, name]) => track.track.createSetNameAction(name)) : []),
      ...colouring(music, now, take),
    ]);
  } catch (_) {
    return ["Premiere did not name the new tracks: the music lies there all the same"];
  }
  if (able) return [];
  const version = ppro.Application && ppro.Application.version ? ` ${ppro.Application.version}` : "";
  return [`Premiere${version} lets no plugin name a track (26.3 does): the clip is called '${planned.names[0]}'`];
}

function colouring(music, now, take) {
  const known = ppro.Constants.MarkerColor || {};
  const actions = [];
  for (const { marker, name, start } of ours.marksOf(now.markers.listed, take)) {
    const mark = music.marks.find((each) => each.name === name && ticksAt(each.frame, now.frameTicks) === start);
    const color = mark && known[COLORS[mark.color]];
    if (color !== undefined && marker.createSetColorByIndexAction) actions.push(marker.createSetColorByIndexAction(color));
  }
  return actions;
}

// The bin's items that we brought, by our names or by their files', and that no sequence plays, with their bins. A take that was replaced is one: it stays until
// the score is removed, so that one step back is enough to hear it again.
async function unused(project) {
  const playing = [];
  for (const sequence of await project.getSequences()) {
    for (const track of await soundTracks(sequence)) playing.push(...track.clips.map((clip) => clip.path));
  }
  const found = [];
  for (const each of await binItems(await project.getRootItem())) {
    const { path } = await mediumOf(each.item);
    if (ours.isImported(each.item.name, path) && !playing.some((other) => ours.samePath(other, path))) found.push(each);
  }
  return found;
}

// Takes items out of the bin. What stays there does no harm.
async function discard(project, items) {
  if (!items.length) return;
  try {
    transaction(project, "Hitpoint: tidy the bin", () => items.map(({ item, bin }) => bin.createRemoveItemAction(item)));
  } catch (_) {
    // it stays
  }
}

// Takes every score off that nobody touched, with its markers.
async function remove(project, sequence) {
  const there = await look(sequence);
  const going = there.scores.filter((score) => !score.changed);
  const staying = there.scores.filter((score) => score.changed);
  const comments = new Set(staying.map((score) => ours.mark(score.take)));
  const leaving = ours.marksOf(there.markers.listed).filter((mark) => !comments.has(mark.comments)); // of scores deleted by hand, too
  const warnings = staying.map((score) => `'${score.name}' ${score.changed}, so it stays`);
  if (!going.length && !leaving.length) return { tracks: [], marks: 0, warnings };
  const clips = going.flatMap((score) => score.parts.map((part) => part.clip.item));
  try {
    transaction(project, "Hitpoint: remove the score", () => [
      ...(clips.length ? [removal(ppro.SequenceEditor.getEditor(sequence), clips)] : []),
      ...leaving.map(({ marker }) => there.markers.owner.createRemoveMarkerAction(marker)),
    ]);
  } catch (error) {
    throw new Refusal("refused", `Premiere did not take the music off (${words(error)}): the sequence is as it was`);
  }
  const now = await look(sequence);
  const tracks = [];
  for (const score of going) {
    const left = now.scores.some((each) => each.take === score.take);
    if (left) warnings.push(`Premiere left '${score.name}' where it is: is its track locked?`);
    else tracks.push(...score.parts.map((part) => part.name));
  }
  if (tracks.length) await discard(project, await unused(project)); // only now: with an item its clips would go, locked or not
  const left = ours.marksOf(now.markers.listed).filter((mark) => !comments.has(mark.comments)).length;
  if (tracks.length) warnings.push("Premiere lets no plugin delete a track: the empty one stays, and the next score uses it");
  return { tracks, marks: leaving.length - left, warnings };
}

function words(error) {
  return String((error && error.message) || error).split(/\s+/).join(" ");
}

module.exports = { plan, place, remove };
