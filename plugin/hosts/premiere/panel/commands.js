// What the other side may ask of Premiere, each command whole before the next.

const ppro = require("premierepro");
const ours = require("./ours.js");
const placing = require("./placing.js");
const { Refusal } = require("./refusal.js");
const {
  activeProject, activeSequence, cleaned, dropsFrames, exportOtio, markersOf, perFrame, startFrame,
} = require("./sequence.js");
const { frameAt, rateText, ticksAt, ticksOf } = require("./ticks.js");

// The commands of one connection. What was read is what is written to: no other project, nor another sequence.
class Commands {
  constructor() {
    this._read = null;
  }

  async run(name, given) {
    const known = {
      about: () => about(),
      read: () => this._reading(),
      playhead: () => this._playhead(),
      move: () => this._move(given),
      plan: () => this._plan(given),
      place: () => this._place(given),
      remove: () => this._remove(),
    };
    if (!Object.prototype.hasOwnProperty.call(known, name)) {
      throw new Refusal("usage", `Premiere's panel knows no command '${name}': it is of another version`);
    }
    return known[name]();
  }

  async _where() {
    const project = await activeProject();
    if (!this._read) return { project, sequence: await activeSequence(project) };
    if (String(project.guid) !== this._read.project) {
      throw new Refusal("refused", "another project is open in Premiere now: nothing was changed");
    }
    const sequence = (await project.getSequences()).find((each) => String(each.guid) === this._read.sequence);
    if (!sequence) throw new Refusal("refused", "the sequence is not in the project any more: nothing was changed");
    return { project, sequence };
  }

  async _reading() {
    const project = await activeProject();
    const sequence = await activeSequence(project);
    const frameTicks = await perFrame(sequence);
    const marks = ours.marksOf((await markersOf(sequence)).listed);
    const timeline = cleaned(await exportOtio(sequence), marks, await startFrame(sequence), frameTicks);
    timeline.name = sequence.name;
    this._read = { project: String(project.guid), sequence: String(sequence.guid) };
    return {
      name: sequence.name,
      otio: JSON.stringify(timeline),
      project: project.path || null,
      revision: revision(timeline),
      drop_frame: await dropsFrames(sequence),
      warnings: [],
    };
  }

  async _playhead() {
    const { sequence } = await this._where();
    return { frame: frameAt(ticksOf(await sequence.getPlayerPosition()), await perFrame(sequence)) };
  }

  async _move(given) {
    const { sequence } = await this._where();
    const at = ticksAt(given.frame, await perFrame(sequence));
    const done = await sequence.setPlayerPosition(ppro.TickTime.createWithTicks(String(at)));
    if (!done) throw new Refusal("refused", `Premiere did not move its playhead to frame ${given.frame}`);
    return {};
  }

  async _plan(given) {
    const { sequence } = await this._where();
    const planned = await placing.plan(sequence, given);
    const { steps, replaces } = planned;
    const warnings = [...(await misfit(sequence, given)), ...planned.warnings];
    return { track: planned.name, replaces, steps, warnings };
  }

  async _place(given) {
    const { project, sequence } = await this._where();
    const warnings = await misfit(sequence, given);
    const placed = await placing.place(project, sequence, given);
    return { ...placed, warnings: [...warnings, ...placed.warnings] };
  }

  async _remove() {
    const { project, sequence } = await this._where();
    return placing.remove(project, sequence);
  }
}

async function misfit(sequence, music) {
  const rate = rateText(await perFrame(sequence));
  return rate === music.rate ? [] : [`the music is for ${music.rate} frames a second, and the sequence has ${rate} now: score it again`];
}

async function about() {
  const version = String((ppro.Application && ppro.Application.version) || "") || "of an unknown version";
  const cannot = { duck: "its panel draws no level into a clip; the music is ducked itself" };
  const sequence = await open();
  if (sequence && !sequence.getPlayerPosition) cannot.playhead = "this version tells no plugin where the playhead is";
  if (sequence && !sequence.setPlayerPosition) cannot.move = "this version lets no plugin move the playhead";
  if (!ppro.Markers) cannot.markers = "this version lets no plugin write markers";
  return { title: "Adobe Premiere Pro", version, cannot };
}

async function open() {
  const project = await ppro.Project.getActiveProject();
  return project ? project.getActiveSequence() : null;
}

// Another one after every change that is not of our making: of all that is neither metadata, nor our sound, nor a track that
// holds nothing.
function revision(timeline) {
  const tracks = (timeline.tracks && timeline.tracks.children) || [];
  const heard = tracks.filter((track) => !(track.kind === "Audio" && (track.children || []).every(silentOrOurs)));
  const text = JSON.stringify({ ...timeline, tracks: { ...timeline.tracks, children: heard } }, (key, value) =>
    key === "metadata" ? undefined : value
  );
  return hash(text);
}

function silentOrOurs(item) {
  if (String(item.OTIO_SCHEMA).startsWith("Gap.")) return true;
  const media = item.media_references ? item.media_references[item.active_media_reference_key] : item.media_reference;
  const url = String((media && media.target_url) || "");
  try {
    return ours.soundOf(decodeURIComponent(url)) !== null;
  } catch (_) {
    return ours.soundOf(url) !== null;
  }
}

// 64 bits that tell texts apart; UXP has no digest. FNV-1a over code units, twice with other starts.
function hash(text) {
  let [one, other] = [0x811c9dc5, 0x1000193];
  for (let i = 0; i < text.length; i += 1) {
    const unit = text.charCodeAt(i);
    one = Math.imul(one ^ unit, 0x01000193);
    other = Math.imul(other ^ unit ^ (i & 0xff), 0x85ebca6b);
  }
  return [one, other].map((part) => (part >>> 0).toString(16).padStart(8, "0")).join("");
}

module.exports = { Commands };
