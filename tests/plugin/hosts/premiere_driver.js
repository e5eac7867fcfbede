// Runs the panel in Node, with stand-ins for what UXP and Premiere give it, and does what a person does there. One line of JSON
// a deed on standard input, one a line on standard output.

const Module = require("module");
const fs = require("fs");
const path = require("path");
const readline = require("readline");
const standin = require("./premiere_standin.js");

const [panel, data] = process.argv.slice(2);

class Entry {
  constructor(at) {
    this.nativePath = at;
    this.name = path.basename(at);
    this.isFolder = fs.existsSync(at) && fs.statSync(at).isDirectory();
    this.isFile = !this.isFolder;
  }
  async getEntries() {
    return fs.readdirSync(this.nativePath).map((name) => new Entry(path.join(this.nativePath, name)));
  }
  async getEntry(name) {
    const at = path.join(this.nativePath, name);
    if (!fs.existsSync(at)) throw new Error("no such entry");
    return new Entry(at);
  }
  async read() {
    return fs.readFileSync(this.nativePath, "utf8");
  }
  async delete() {
    fs.unlinkSync(this.nativePath);
  }
}

let chosen = "";
const kept = new Map();
global.localStorage = {
  getItem: (key) => kept.get(key) ?? null,
  setItem: (key, value) => kept.set(key, String(value)),
  removeItem: (key) => kept.delete(key),
};
const uxp = {
  storage: {
    localFileSystem: {
      getDataFolder: async () => new Entry(data),
      getFolder: async () => (chosen ? new Entry(chosen) : null),
      createPersistentToken: async (entry) => `token ${entry.nativePath}`,
      getEntryForPersistentToken: async (token) => new Entry(token.slice(6)),
    },
  },
  entrypoints: {
    setup(points) {
      uxp.points = points;
    },
  },
};

const given = { premierepro: standin.ppro, uxp };
const load = Module._load;
Module._load = (name, ...more) => (Object.prototype.hasOwnProperty.call(given, name) ? given[name] : load(name, ...more));
const begin = setInterval;
global.setInterval = (work, ms) => begin(work, ms / 20); // nobody waits a second in a test

const parts = new Map();
global.document = {
  getElementById(id) {
    if (!parts.has(id)) {
      const heard = {};
      parts.set(id, { style: {}, value: "", textContent: "", addEventListener: (what, work) => (heard[what] = work), heard });
    }
    return parts.get(id);
  },
};

const sequence = () => standin.project().sequences[0];
const perFrame = () => BigInt(sequence().perFrame);
const frames = (ticks) => Number((2n * BigInt(ticks) + perFrame()) / (2n * perFrame()));
const ticks = (frame) => String(BigInt(frame) * perFrame());
const isOurs = (item) => /\.hitpoint\//.test(standin.project().items.find((each) => each.id === item.source).path);
const ourTrack = () => sequence().audio.find((track) => track.items.some(isOurs));

const deeds = {
  open: ({ version, file }) => standin.open(version, file),
  connect: async ({ port, token }) => {
    const { Client } = require(path.join(panel, "client.js"));
    const { Commands } = require(path.join(panel, "commands.js"));
    const commands = new Commands();
    const who = { host: "premiere", title: "Adobe Premiere Pro", version: standin.ppro.Application.version };
    const handlers = { command: (name, more) => commands.run(name, more), news: () => {}, ended: () => {} };
    await new Client(port, token, who, handlers).open();
  },
  start: () => {
    require(path.join(panel, "main.js"));
    uxp.points.panels.hitpoint.create();
  },
  choose: async ({ folder }) => {
    chosen = folder;
    await document.getElementById("folder").heard.click();
  },
  click: ({ id, line }) => {
    if (line !== undefined) document.getElementById("line").value = line;
    return document.getElementById(id).heard.click();
  },
  shown: () => Object.fromEntries([...parts].map(([id, part]) => [id, { text: part.textContent, value: part.value, ...part.style,
    disabled: part.disabled === true }])),
  project: () => standin.project(),
  silence: (more) => Object.assign(standin.silences, more),
  steps: () => standin.steps(),
  undo: () => standin.undo(),
  save: () => standin.save(),
  sounds: () => sequence().audio.flatMap((track) => track.items.map((item) => {
    const source = standin.project().items.find((each) => each.id === item.source);
    return [track.name, frames(item.start), frames(item.end) - frames(item.start), source.path];
  })),
  marks: () => sequence().markers.map((mark) => [frames(mark.start), mark.name, mark.color]),
  mark: ({ frame, name }) => {
    sequence().markers.push({ id: standin.newId(), name, start: ticks(frame), comments: "", color: 0 });
    sequence().markers.sort((a, b) => (BigInt(a.start) < BigInt(b.start) ? -1 : 1));
  },
  foreign: ({ file }) => {
    const track = ourTrack();
    const source = { id: standin.newId(), parent: 0, name: path.basename(file), path: file, ticks: ticks(24) };
    standin.project().items.push(source);
    const { end } = track.items[track.items.length - 1];
    const item = { id: standin.newId(), source: source.id, name: source.name, first: "0", start: end };
    track.items.push({ ...item, end: String(BigInt(end) + BigInt(ticks(24))) });
  },
  move: () => {
    const [item] = ourTrack().items;
    for (const name of ["start", "end"]) item[name] = String(BigInt(item[name]) + BigInt(ticks(12)));
  },
  trim: () => {
    const [item] = ourTrack().items;
    item.end = String(BigInt(item.end) - BigInt(ticks(1)));
  },
  lock: () => {
    ourTrack().locked = true;
  },
};

readline.createInterface({ input: process.stdin }).on("line", async (line) => {
  const { do: deed, ...more } = JSON.parse(line);
  let said;
  try {
    said = { answer: (await deeds[deed](more)) ?? null };
  } catch (error) {
    said = { error: String(error.stack || error) };
  }
  process.stdout.write(`${JSON.stringify(said)}\n`);
}).on("close", () => process.exit(0));
