// The connection to Hitpoint's own process on this machine; docs/bridge.md has the wire format. One request waits for what the
// other side wants, the others go out one after the other.

const PROTOCOL = 1;
const HELLO_SECONDS = 10;
const POLL_SECONDS = 40; // longer than the other side lets a poll wait
const SEND_SECONDS = 60;
const PATIENCE = 3; // failed attempts, and the other side is gone

// The other side said no; the words are for a person.
class NotAllowed extends Error {}

function wait(seconds) {
  return new Promise((done) => setTimeout(done, 1000 * seconds));
}

class Client {
  // `handlers` are command(name, given) -> result, news(said) and ended().
  constructor(port, token, who, handlers) {
    this.ended = false;
    this._address = `http://127.0.0.1:${port}`;
    this._token = token;
    this._who = who;
    this._handlers = handlers;
    this._session = "";
    this._sending = Promise.resolve();
    this._working = Promise.resolve();
    this._poll = null;
  }

  async open() {
    const hello = { protocol: PROTOCOL, ...this._who };
    const said = await this._exchange("POST", "/hello", hello, HELLO_SECONDS);
    this._session = String(said.session);
    this._listen();
  }

  // A wish of the user; a refusal of it arrives as news.
  ask(what, given) {
    this._send("/ask", { ask: what, with: given });
  }

  async close() {
    if (!this.ended) this._send("/bye", {});
    await this._sending;
    this._end();
  }

  async _exchange(method, path, said, seconds) {
    const headers = { Authorization: `Bearer ${this._token}` };
    if (this._session) headers["Hitpoint-Session"] = this._session;
    const stop = new AbortController();
    if (path === "/next") this._poll = stop;
    const timer = setTimeout(() => stop.abort(), 1000 * seconds);
    try {
      const request = { method, headers, credentials: "omit", signal: stop.signal };
      if (said !== null) {
        headers["Content-Type"] = "application/json";
        request.body = JSON.stringify(said);
      }
      const answer = await fetch(this._address + path, request);
      const text = answer.status === 204 ? "" : await answer.text();
      const told = text ? JSON.parse(text) : {};
      if (!answer.ok) throw new NotAllowed(told.error || `status ${answer.status}`);
      return told;
    } finally {
      clearTimeout(timer);
    }
  }

  async _listen() {
    let failed = 0;
    while (!this.ended && failed < PATIENCE) {
      try {
        const told = await this._exchange("GET", "/next", null, POLL_SECONDS);
        failed = 0;
        this._arrived(told);
      } catch (error) {
        if (error instanceof NotAllowed) break; // not ours any more
        failed += 1;
        if (!this.ended && failed < PATIENCE) await wait(0.2 * failed);
      }
    }
    this._end();
  }

  _arrived(told) {
    if (told.tell === "bye") {
      this._end();
    } else if (told.do) {
      const until = Date.now() + 1000 * (told.within || 60);
      this._working = this._working.then(() => this._carryOut(told, until));
    } else if (told.tell) {
      this._handlers.news(told);
    }
  }

  // One command at a time, answered whatever comes of it.
  async _carryOut(told, until) {
    if (this.ended || Date.now() > until) return; // nobody waits for it any more
    try {
      const result = await this._handlers.command(String(told.do), told.with || {});
      this._send("/done", { id: told.id, result });
    } catch (error) {
      const kind = error.kind || "fault";
      const words = error.kind ? error.message : `the panel failed: ${error.name || ""} ${error.message || error}`;
      this._send("/done", { id: told.id, error: { kind, message: words } });
    }
  }

  _send(path, said) {
    this._sending = this._sending.then(async () => {
      for (let attempt = 0; attempt < PATIENCE && !this.ended; attempt += 1) {
        try {
          await this._exchange("POST", path, said, SEND_SECONDS);
          return;
        } catch (error) {
          if (error instanceof NotAllowed) {
            if (path === "/ask") this._handlers.news({ tell: "failed", words: error.message });
            return;
          }
          await wait(0.1 * attempt);
        }
      }
    });
  }

  _end() {
    if (this.ended) return;
    this.ended = true;
    if (this._poll) this._poll.abort();
    this._handlers.ended();
  }
}

module.exports = { Client, NotAllowed };
