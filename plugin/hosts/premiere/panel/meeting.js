// How the panel finds Hitpoint's process: a note with its address in a folder that only the user may read, which the user
// shows to the panel once; or the line that `hitpoint bridge premiere` prints, pasted.

const { localFileSystem } = require("uxp").storage;

const KEPT = "hitpoint.folder"; // a token of UXP's for the folder, not the service's
const NOTE = /^premiere-.*\.json$/;
const TOKEN = /^[A-Za-z0-9_-]{16,200}$/;

// {port, token, bridge} out of a note or of the pasted line; null for anything else. `bridge`: it takes the user's wishes.
function address(text, bridge) {
  let said;
  try {
    said = JSON.parse(text);
  } catch (_) {
    return null;
  }
  const whole = said && Number.isInteger(said.port) && said.port > 0 && said.port < 65536;
  if (!whole || !TOKEN.test(said.token)) return null;
  return { port: said.port, token: said.token, bridge: bridge || said.bridge === 1 };
}

class Meetings {
  constructor() {
    this._seen = new Set();
    this._folder = null;
  }

  // The folder that the user showed us before, if there is one.
  async restore() {
    const kept = localStorage.getItem(KEPT);
    if (!kept) return false;
    try {
      this._folder = await localFileSystem.getEntryForPersistentToken(kept);
    } catch (_) {
      localStorage.removeItem(KEPT);
    }
    return this._folder !== null;
  }

  // Asks the user; false where nothing was chosen.
  async choose() {
    const folder = await localFileSystem.getFolder();
    if (!folder) return false;
    localStorage.setItem(KEPT, await localFileSystem.createPersistentToken(folder));
    this._folder = folder;
    this._seen.clear();
    return true;
  }

  // The addresses in notes that are new since the last time.
  async look() {
    if (!this._folder) return [];
    const found = [];
    for (const entry of await this._notes()) {
      if (this._seen.has(entry.name)) continue;
      this._seen.add(entry.name);
      try {
        const note = address(await entry.read(), false);
        if (note) found.push(note);
      } catch (_) {
        // gone meanwhile: another panel was faster
      }
    }
    return found;
  }

  async _notes() {
    try {
      let entries = await this._folder.getEntries();
      const inside = entries.find((entry) => entry.isFolder && entry.name === "meetings");
      if (inside) entries = await inside.getEntries();
      return entries.filter((entry) => entry.isFile && NOTE.test(entry.name));
    } catch (_) {
      return []; // not there yet
    }
  }
}

module.exports = { Meetings, address };
