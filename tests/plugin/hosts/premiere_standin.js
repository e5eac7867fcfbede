// Premiere's scripting interface as its documentation and its type definitions (26.3) describe it, over a project in memory:
// asynchronous where they say Promise, actions that exist only within lockedAccess, a transaction that is one step to undo or
// nothing at all. What they leave open is a `silence`, to be switched on by a test.

const fs = require("fs");
const path = require("path");
const { pathToFileURL } = require("url");

const SECOND = 254016000000n;
const SAMPLE = SECOND / 48000n;
const GREEN = 0;

let held = null; // {version, project}
let locked = 0; // the number of the lock that is on, 0 for none
let locks = 0;
const steps = []; // what undo can do: [name, project before]
const silences = {};

function changing() {
  if (silences.diesAfter !== undefined) {
    if (silences.diesAfter === 0) process.exit(9);
    silences.diesAfter -= 1;
  }
}

function newId() {
  held.project.last += 1;
  return held.project.last;
}

class TickTime {
  constructor(ticks) {
    this._ticks = BigInt(ticks);
  }
  static createWithTicks(text) {
    if (typeof text !== "string") throw new Error("Invalid parameter");
    return new TickTime(text);
  }
  get ticks() {
    return String(this._ticks);
  }
  get seconds() {
    return Number(this._ticks) / Number(SECOND);
  }
}

class Action {
  constructor(carryOut) {
    if (!locked && later("26.3")) throw new Error("Action must be created inside lockedAccess");
    this.lock = locked;
    this.carryOut = carryOut;
  }
}

function later(version) {
  const [a, b] = [held.version, version].map((text) => text.split(".").map(Number));
  return a[0] > b[0] || (a[0] === b[0] && a[1] >= b[1]);
}

function sequenceOf(id) {
  return held.project.sequences.find((each) => each.guid === id);
}

function binOf(id) {
  return held.project.items.find((each) => each.id === id);
}

class ProjectItem {
  constructor(id) {
    this.id = id;
  }
  get type() {
    return binOf(this.id).bin ? 2 : 1;
  }
  get name() {
    return binOf(this.id).name;
  }
  getId() {
    return String(this.id);
  }
  createSetNameAction(name) {
    return new Action(() => {
      binOf(this.id).name = name;
    });
  }
  static cast(item) {
    return item;
  }
}
ProjectItem.TYPE_CLIP = 1;
ProjectItem.TYPE_BIN = 2;

class ClipProjectItem extends ProjectItem {
  static cast(item) {
    if (!binOf(item.id) || binOf(item.id).bin) throw new Error("not a clip");
    return new ClipProjectItem(item.id);
  }
  async getMediaFilePath() {
    return binOf(this.id).path;
  }
  async getMedia() {
    return { start: new TickTime(0), duration: new TickTime(binOf(this.id).ticks) };
  }
}

class FolderItem extends ProjectItem {
  static cast(item) {
    return new FolderItem(item.id);
  }
  async getItems() {
    return held.project.items.filter((each) => each.parent === this.id).map((each) => new ProjectItem(each.id));
  }
  createRemoveItemAction(item) {
    return new Action(() => {
      for (const sequence of held.project.sequences) {
        for (const track of sequence.audio) track.items = track.items.filter((each) => each.source !== item.id);
      }
      held.project.items = held.project.items.filter((each) => each.id !== item.id);
    });
  }
}

class AudioClipTrackItem {
  constructor(item) {
    this.id = item.id;
    this._item = item;
  }
  async getStartTime() {
    return new TickTime(this._item.start);
  }
  async getEndTime() {
    return new TickTime(this._item.end);
  }
  async getInPoint() {
    return new TickTime(this._item.first);
  }
  async getName() {
    return this._item.name;
  }
  async getProjectItem() {
    return new ProjectItem(this._item.source);
  }
}

class AudioTrack {
  constructor(sequence, index) {
    this._sequence = sequence;
    this._id = sequenceOf(sequence).audio[index].id;
    if (later("26.3")) {
      this.createSetNameAction = (name) =>
        new Action(() => {
          this._track().name = name;
        });
    }
  }
  _track() {
    return sequenceOf(this._sequence).audio.find((each) => each.id === this._id);
  }
  get name() {
    return this._track().name;
  }
  get id() {
    return this._id;
  }
  getTrackItems(kind, empty) {
    if (kind !== ppro.Constants.TrackItemType.CLIP || empty !== false) throw new Error("Invalid parameter");
    return this._track().items.map((item) => new AudioClipTrackItem({ ...item }));
  }
}

class TrackItemSelection {
  constructor() {
    this.items = [];
  }
  static createEmptySelection(give) {
    give(new TrackItemSelection());
    return true;
  }
  addItem(item) {
    this.items.push(item.id);
    return true;
  }
}

class SequenceEditor {
  constructor(sequence) {
    this._sequence = sequence;
  }
  static getEditor(sequence) {
    return new SequenceEditor(sequence._id);
  }
  createRemoveItemsAction(selection, ripple, media) {
    if (ripple !== false || media !== ppro.Constants.MediaType.AUDIO) throw new Error("this would shift what is not ours");
    return new Action(() => {
      for (const track of sequenceOf(this._sequence).audio) {
        if (!track.locked) track.items = track.items.filter((each) => !selection.items.includes(each.id));
      }
    });
  }
  createOverwriteItemAction(item, time, video, audio) {
    if (!(item instanceof ProjectItem) || !(time instanceof TickTime) || !Number.isInteger(video)) {
      throw new Error("Invalid parameter");
    }
    return new Action(() => {
      const { audio: tracks } = sequenceOf(this._sequence);
      let index = audio;
      if (silences.clampsTracks) index = Math.min(index, tracks.length - 1);
      if (index >= tracks.length) {
        index = tracks.length;
        tracks.push({ id: newId(), name: `Audio ${index + 1}`, locked: false, items: [] });
      }
      const track = tracks[index];
      if (track.locked || silences.dropsPlacements) return;
      const start = BigInt(time.ticks) + BigInt(silences.lateBy || 0);
      const end = start + BigInt(binOf(item.id).ticks);
      track.items = track.items.flatMap((other) => overwritten(other, start, end));
      track.items.push({ id: newId(), source: item.id, name: item.name, start: String(start), end: String(end), first: "0" });
      track.items.sort((a, b) => (BigInt(a.start) < BigInt(b.start) ? -1 : 1));
    });
  }
}

// What is left of a clip after something was laid over [start, end).
function overwritten(item, start, end) {
  const [from, to, first] = [item.start, item.end, item.first].map(BigInt);
  if (to <= start || from >= end) return [item];
  const left = [];
  if (from < start) left.push({ ...item, end: String(start) });
  if (to > end) left.push({ ...item, id: newId(), start: String(end), first: String(first + end - from) });
  return left;
}

class Marker {
  constructor(mark) {
    this._mark = mark;
  }
  getName() {
    return this._mark.name;
  }
  getComments() {
    return this._mark.comments;
  }
  getStart() {
    return new TickTime(this._mark.start);
  }
  createSetColorByIndexAction(color) {
    return new Action(() => {
      const mark = held.project.sequences.flatMap((each) => each.markers).find((each) => each.id === this._mark.id);
      mark.color = color;
    });
  }
}
Marker.MARKER_TYPE_COMMENT = "Comment";

class Markers {
  constructor(sequence) {
    this._sequence = sequence;
  }
  static async getMarkers(sequence) {
    return new Markers(sequence._id);
  }
  getMarkers() {
    return sequenceOf(this._sequence).markers.map((each) => new Marker({ ...each }));
  }
  createAddMarkerAction(name, type, start, duration, comments) {
    if (type !== "Comment" || !(duration instanceof TickTime)) throw new Error("Invalid parameter");
    return new Action(() => {
      if (silences.dropsMarkers) return;
      const { markers } = sequenceOf(this._sequence);
      markers.push({ id: newId(), name, start: start.ticks, comments, color: GREEN });
      markers.sort((a, b) => (BigInt(a.start) < BigInt(b.start) ? -1 : BigInt(a.start) > BigInt(b.start) ? 1 : a.id - b.id));
    });
  }
  createRemoveMarkerAction(marker) {
    return new Action(() => {
      const sequence = sequenceOf(this._sequence);
      sequence.markers = sequence.markers.filter((each) => each.id !== marker._mark.id);
    });
  }
}

class Sequence {
  constructor(id) {
    this._id = id;
    if (silences.noPlayhead) this.getPlayerPosition = this.setPlayerPosition = undefined;
  }
  get guid() {
    return { toString: () => this._id };
  }
  get name() {
    return sequenceOf(this._id).name;
  }
  async getTimebase() {
    return sequenceOf(this._id).perFrame;
  }
  async getZeroPoint() {
    return new TickTime(sequenceOf(this._id).zero);
  }
  async getSequenceVideoTimeDisplayFormat() {
    return { type: sequenceOf(this._id).display };
  }
  async getAudioTrackCount() {
    return sequenceOf(this._id).audio.length;
  }
  async getAudioTrack(index) {
    return new AudioTrack(this._id, index);
  }
  async getPlayerPosition() {
    return new TickTime(sequenceOf(this._id).playhead);
  }
  async setPlayerPosition(time) {
    sequenceOf(this._id).playhead = time.ticks;
    return true;
  }
}

class Project {
  get guid() {
    return { toString: () => held.project.guid };
  }
  get path() {
    return held.project.path;
  }
  static async getActiveProject() {
    return held && held.project ? new Project() : null;
  }
  async getActiveSequence() {
    const { active } = held.project;
    return active ? new Sequence(active) : null;
  }
  async getSequences() {
    return held.project.sequences.map((each) => new Sequence(each.guid));
  }
  async getRootItem() {
    return new FolderItem(0);
  }
  async importFiles(paths, quiet, bin) {
    if (quiet !== true) throw new Error("a dialog would be open now");
    for (const file of paths) {
      if (silences.importFails || !fs.existsSync(file)) return false;
      changing();
      const samples = BigInt(fs.statSync(file).size - 44) / 6n;
      const item = { id: newId(), parent: bin.id, name: path.basename(file), path: file, ticks: String(samples * SAMPLE) };
      held.project.items.push(item);
    }
    return true;
  }
  lockedAccess(work) {
    locks += 1;
    locked = locks;
    try {
      if (work() instanceof Promise) throw new Error("lockedAccess does not wait");
    } finally {
      locked = 0;
    }
  }
  executeTransaction(fill, name) {
    if (!locked) throw new Error("no lock");
    const actions = [];
    const filled = fill({
      addAction(action) {
        if (!(action instanceof Action) || (later("26.3") && action.lock !== locked)) throw new Error("Invalid action");
        actions.push(action);
        return true;
      },
    });
    if (filled instanceof Promise) throw new Error("a transaction does not wait");
    if (silences.transactionFails) return false;
    const before = JSON.stringify(held.project);
    try {
      for (const action of actions) {
        changing();
        action.carryOut();
      }
    } catch (error) {
      held.project = JSON.parse(before);
      return false;
    }
    steps.push([name, before]);
    return true;
  }
}

function time(value, rate) {
  return { OTIO_SCHEMA: "RationalTime.1", value, rate };
}

function range(start, length, rate) {
  return { OTIO_SCHEMA: "TimeRange.1", start_time: time(start, rate), duration: time(length, rate) };
}

function otioTrack(kind, track, rate, perFrame) {
  const frames = (ticks) => Number((2n * BigInt(ticks) + perFrame) / (2n * perFrame));
  const children = [];
  let reached = 0;
  for (const item of track.items) {
    const [from, to] = [frames(item.start), frames(item.end)];
    if (from > reached) children.push({ OTIO_SCHEMA: "Gap.1", name: "", source_range: range(0, from - reached, rate) });
    const source = binOf(item.source);
    const known = {
      OTIO_SCHEMA: "ExternalReference.1",
      target_url: pathToFileURL(source.path).href,
      available_range: kind === "Audio" ? range(0, Number(BigInt(source.ticks) / SAMPLE), 48000) : range(0, frames(source.ticks), rate),
    };
    children.push({
      OTIO_SCHEMA: "Clip.2",
      name: item.name,
      source_range: range(frames(item.first), to - from, rate),
      media_references: { DEFAULT_MEDIA: known },
      active_media_reference_key: "DEFAULT_MEDIA",
      metadata: { PremierePro_OTIO: { ID: item.id } },
    });
    reached = to;
  }
  return { OTIO_SCHEMA: "Track.1", name: track.name, kind, children, metadata: {} };
}

function toOtio(sequence) {
  const perFrame = BigInt(sequence.perFrame);
  const rate = Number(SECOND) / Number(perFrame);
  const at = (ticks) => Number((2n * BigInt(ticks) + perFrame) / (2n * perFrame));
  return {
    OTIO_SCHEMA: "Timeline.1",
    name: sequence.name,
    global_start_time: silences.noStart ? null : time(at(sequence.zero), rate),
    tracks: {
      OTIO_SCHEMA: "Stack.1",
      name: "",
      metadata: { PremierePro_OTIO: { VideoFrameRate: rate, Exported: steps.length } },
      markers: sequence.markers.map((mark) => ({
        OTIO_SCHEMA: "Marker.2",
        name: mark.name,
        comment: mark.comments,
        color: "GREEN",
        marked_range: range(at(mark.start), 0, rate),
      })),
      children: [
        ...sequence.video.map((track) => otioTrack("Video", track, rate, perFrame)),
        ...sequence.audio.map((track) => otioTrack("Audio", track, rate, perFrame)),
      ],
    },
  };
}

const ppro = {
  Application: {
    get version() {
      return held ? held.version : "";
    },
  },
  Project, ProjectItem, ClipProjectItem, FolderItem, SequenceEditor, TrackItemSelection, TickTime, Markers, Marker,
  ProjectConverter: {
    async exportAsOpenTimelineIO(sequence, to, quiet) {
      if (quiet !== true) throw new Error("a dialog would be open now");
      if (silences.exportFails) return false;
      fs.writeFileSync(to, JSON.stringify(toOtio(sequenceOf(sequence._id)), null, 1));
      return true;
    },
  },
  Constants: {
    TrackItemType: { EMPTY: 0, CLIP: 1 },
    MediaType: { ANY: "a", VIDEO: "v", AUDIO: "s" },
    MarkerColor: { GREEN: 0, RED: 1, MAGNETA: 2, ORANGE: 3, YELLOW: 4, BLUE: 6, CYAN: 7 },
  },
};

module.exports = {
  ppro,
  silences,
  open(version, file) {
    held = { version, project: JSON.parse(fs.readFileSync(file, "utf8")) };
    steps.length = 0;
    for (const name of Object.keys(silences)) delete silences[name];
  },
  project: () => held.project,
  save() {
    fs.writeFileSync(held.project.path, JSON.stringify(held.project));
  },
  newId,
  undo() {
    const [name, before] = steps.pop();
    held.project = JSON.parse(before);
    return name;
  },
  steps: () => steps.map(([name]) => name),
};
