// Hitpoint's panel in Premiere: finds Hitpoint's own process on this machine, carries out what it asks of Premiere, and says
// what the user wishes.

const uxp = require("uxp");
const ppro = require("premierepro");
const { Client } = require("./client.js");
const { Commands } = require("./commands.js");
const { Meetings, address } = require("./meeting.js");

const LOOK_SECONDS = 1;
const PARTS = ["status", "finding", "folder", "line", "connect", "wishes", "style", "markers", "stems", "score", "remove", "cancel",
  "progress", "warnings"];

class Panel {
  constructor(page) {
    this._parts = Object.fromEntries(PARTS.map((id) => [id, page.getElementById(id)]));
    this._meetings = new Meetings();
    this._clients = new Set();
    this._wishing = null; // the connection that takes the user's wishes
    this._busy = false;
    this._looking = false;
  }

  async start() {
    const { folder, connect, score, remove, cancel } = this._parts;
    folder.addEventListener("click", () => this._choose());
    connect.addEventListener("click", () => this._paste());
    score.addEventListener("click", () => this._wish("score", this._wanted()));
    remove.addEventListener("click", () => this._wish("remove", {}));
    cancel.addEventListener("click", () => this._wishing && this._wishing.ask("cancel", {}));
    const known = await this._meetings.restore();
    this._say(known ? "waiting for Hitpoint: hitpoint bridge premiere" : "not connected yet");
    this._show();
    setInterval(() => this._look(), 1000 * LOOK_SECONDS);
  }

  _wanted() {
    const wanted = { markers: this._parts.markers.value || "none", stem_tracks: this._parts.stems.checked === true };
    const style = String(this._parts.style.value || "").trim();
    return style ? { ...wanted, style } : wanted;
  }

  _wish(what, given) {
    if (!this._wishing || this._busy) return;
    this._busy = true;
    this._warn([]);
    this._say(what === "score" ? "reading the sequence" : "removing the score");
    this._show();
    this._wishing.ask(what, given);
  }

  async _choose() {
    try {
      if (await this._meetings.choose()) this._say("waiting for Hitpoint: hitpoint bridge premiere");
    } catch (error) {
      this._say(`the folder cannot be read: ${error.message || error}`);
    }
    await this._look();
  }

  async _paste() {
    const found = address(String(this._parts.line.value || ""), true);
    this._parts.line.value = ""; // it is a secret
    if (found) await this._meet(found);
    else this._say('that is not the line: it begins with {"bridge": 1');
  }

  async _look() {
    if (this._looking) return;
    this._looking = true;
    try {
      for (const note of await this._meetings.look()) await this._meet(note);
    } finally {
      this._looking = false;
    }
  }

  async _meet({ port, token, bridge }) {
    const version = String((ppro.Application && ppro.Application.version) || "unknown");
    const commands = new Commands();
    const client = new Client(port, token, { host: "premiere", title: "Adobe Premiere Pro", version }, {
      command: (name, given) => commands.run(name, given),
      news: (said) => client === this._wishing && this._heard(said),
      ended: () => this._ended(client),
    });
    try {
      await client.open();
    } catch (error) {
      if (bridge) this._say(`Hitpoint does not answer on port ${port}: ${error.message || error}`);
      return;
    }
    this._clients.add(client);
    if (bridge) this._wishing = client;
    this._say(bridge ? "connected to Hitpoint" : "Hitpoint is at work on this sequence");
    this._show();
  }

  _heard(said) {
    if (said.tell === "progress") {
      this._say(String(said.words || ""));
      this._parts.progress.value = Number(said.fraction) || 0;
    } else if (["done", "failed", "cancelled"].includes(said.tell)) {
      this._busy = false;
      this._say(String(said.words || said.tell));
      this._warn(said.warnings || []);
      this._parts.progress.value = 0;
      this._show();
    }
  }

  _ended(client) {
    this._clients.delete(client);
    if (client === this._wishing) {
      this._wishing = null;
      const cut = this._busy;
      this._busy = false;
      this._say(cut ? "Hitpoint ended before it was done; look at the sequence" : "Hitpoint ended: hitpoint bridge premiere");
    } else if (!this._wishing && !this._clients.size) {
      this._say("waiting for Hitpoint: hitpoint bridge premiere");
    }
    this._show();
  }

  _say(words) {
    this._parts.status.textContent = words;
  }

  _warn(warnings) {
    this._parts.warnings.textContent = warnings.join("\n");
  }

  _show() {
    const { finding, wishes, score, remove, cancel } = this._parts;
    finding.style.display = this._wishing ? "none" : "block";
    wishes.style.display = this._wishing ? "block" : "none";
    score.disabled = remove.disabled = this._busy;
    cancel.disabled = !this._busy;
  }

  async close() {
    await Promise.all([...this._clients].map((client) => client.close()));
  }
}

let panel = null;

function begin() {
  if (panel) return;
  panel = new Panel(document);
  panel.start();
}

uxp.entrypoints.setup({
  plugin: { destroy: () => panel && panel.close() },
  panels: { hitpoint: { create: begin, show: begin } },
});
