// A sequence as Premiere tells it. Nothing is changed here. All of Premiere's times count from the sequence's first frame; its
// start timecode is apart, the zero point.

const ppro = require("premierepro");
const { localFileSystem } = require("uxp").storage;
const { Refusal } = require("./refusal.js");
const { ticksOf, frameAt, rateNumber } = require("./ticks.js");

// Premiere's own numbers for a display that drops frame numbers: 29.97 and 59.94.
const DROPPING = [102, 106];

let exported = 0;

async function activeProject() {
  const project = await ppro.Project.getActiveProject();
  if (!project) throw new Refusal("closed", "Premiere has no project open");
  return project;
}

async function activeSequence(project) {
  const sequence = await project.getActiveSequence();
  if (!sequence) throw new Refusal("input", "no sequence is open in Premiere: open the one to be scored");
  return sequence;
}

async function perFrame(sequence) {
  return BigInt(await sequence.getTimebase());
}

async function startFrame(sequence) {
  return frameAt(ticksOf(await sequence.getZeroPoint()), await perFrame(sequence));
}

async function dropsFrames(sequence) {
  const display = await sequence.getSequenceVideoTimeDisplayFormat();
  return DROPPING.includes(display.type);
}

// Every sound track with its clips. `whole` is how long a clip's medium is, in ticks; null where Premiere does not say.
async function soundTracks(sequence) {
  const found = [];
  const count = await sequence.getAudioTrackCount();
  for (let index = 0; index < count; index += 1) {
    const track = await sequence.getAudioTrack(index);
    const clips = [];
    for (const item of track.getTrackItems(ppro.Constants.TrackItemType.CLIP, false)) clips.push(await clipOf(item));
    found.push({ index, track, name: String(track.name || ""), clips });
  }
  return found;
}

async function clipOf(item) {
  const [start, end, first] = [await item.getStartTime(), await item.getEndTime(), await item.getInPoint()].map(ticksOf);
  const source = await item.getProjectItem();
  return { item, source, start, end, first, name: String(await item.getName()), ...(await mediumOf(source)) };
}

// The path of a bin item's file, "" where it has none, and how long that is.
async function mediumOf(source) {
  try {
    const clip = ppro.ClipProjectItem.cast(source);
    const path = String((await clip.getMediaFilePath()) || "");
    const medium = path && clip.getMedia ? await clip.getMedia() : null;
    return { path, whole: medium ? ticksOf(medium.duration) : null };
  } catch (_) {
    return { path: "", whole: null };
  }
}

// Every item of a bin and of the bins in it, with the bin that it lies in.
async function binItems(bin) {
  const found = [];
  for (const item of await bin.getItems()) {
    if (item.type === ppro.ProjectItem.TYPE_BIN) found.push(...(await binItems(ppro.FolderItem.cast(item))));
    else found.push({ item, bin });
  }
  return found;
}

async function markersOf(sequence) {
  const owner = await ppro.Markers.getMarkers(sequence);
  const listed = owner.getMarkers().map((marker) => ({
    marker,
    name: String(marker.getName() || ""),
    comments: String(marker.getComments() || ""),
    start: ticksOf(marker.getStart()),
  }));
  return { owner, listed };
}

// The sequence as OpenTimelineIO, written by Premiere into the panel's own folder and taken away again.
async function exportOtio(sequence) {
  if (!ppro.ProjectConverter || !ppro.ProjectConverter.exportAsOpenTimelineIO) {
    throw new Refusal("usage", "this Premiere exports no OpenTimelineIO: 25.6 or later does");
  }
  const folder = await localFileSystem.getDataFolder();
  exported += 1;
  const name = `timeline-${exported}.otio`;
  const separator = folder.nativePath.includes("\\") ? "\\" : "/";
  const path = folder.nativePath.replace(/[\\/]+$/, "") + separator + name;
  const done = await ppro.ProjectConverter.exportAsOpenTimelineIO(sequence, path, true);
  if (!done) throw new Refusal("refused", `Premiere did not export '${sequence.name}' as OpenTimelineIO`);
  const entry = await folder.getEntry(name);
  try {
    return JSON.parse(await entry.read());
  } catch (_) {
    throw new Refusal("refused", `Premiere exported '${sequence.name}' as something that is no OpenTimelineIO`);
  } finally {
    await entry.delete();
  }
}

// The export without the markers that are ours, each taken away once, and with the start timecode where Premiere left it out.
function cleaned(timeline, ours, start, frameTicks) {
  const rate = rateNumber(frameTicks);
  if (!timeline.global_start_time) {
    timeline.global_start_time = { OTIO_SCHEMA: "RationalTime.1", rate, value: start };
  }
  const left = ours.map((mark) => ({ name: mark.name, frame: frameAt(mark.start, frameTicks) }));
  const stack = timeline.tracks;
  if (stack && Array.isArray(stack.markers)) {
    stack.markers = stack.markers.filter((marker) => {
      const at = marker.marked_range && marker.marked_range.start_time;
      const frame = at ? Math.round((at.value / at.rate) * rate) : null;
      const index = left.findIndex((mark) => mark.name === marker.name && [mark.frame, mark.frame + start].includes(frame));
      if (index >= 0) left.splice(index, 1);
      return index < 0;
    });
  }
  return timeline;
}

module.exports = {
  activeProject, activeSequence, perFrame, startFrame, dropsFrames, soundTracks, mediumOf, binItems, markersOf, exportOtio,
  cleaned,
};
