// The board of the labeling desk: one text, a key a class, the next text loaded already.
//
// Streamlit calls the function below at every change of `data`, always on the same element; what the board knows of its
// own is kept there. Words from outside only ever become text nodes.

const SPARE = "abcefghijklmopqrstvwxy";
const PACE_OF = 12;

const el = (tag, cls, ...children) => {
  const made = document.createElement(tag);
  if (cls) made.className = cls;
  made.append(...children.filter((one) => one !== null && one !== undefined));
  return made;
};

const several = (count, one, many) => `${count.toLocaleString("en")} ${count === 1 ? one : many}`;

function keysOf(classes) {
  let spare = 0;
  return classes.map((one) => one.key || SPARE[spare++] || "");
}

class Board {
  constructor(root, task) {
    this.root = root;
    this.place = `laud-board ${task}`;
    this.sitting = crypto.randomUUID ? crypto.randomUUID() : String(Math.random());
    this.log = this.kept();
    this.seq = this.log.length;
    this.times = [];
    this.shown = null;
    this.note = null;
    this.alike = true;
    this.onKey = (event) => this.key(event);
    document.addEventListener("keydown", this.onKey);
  }

  leave() {
    document.removeEventListener("keydown", this.onKey);
  }

  take(data, send) {
    this.data = data;
    this.send = send;
    if (data.sitting === this.sitting) this.acknowledged(data.ack);
    else if (this.log.length && !this.sent) this.tell();
    this.keep();
    this.draw();
  }

  acknowledged(seq) {
    const done = this.log.filter((one) => one.seq <= seq);
    this.log = this.log.filter((one) => one.seq > seq);
    // What was sent last is sent again when the connection was lost. An answer counts once; to take back would count twice.
    if (done.some((one) => one.undo)) this.tell();
  }

  // Answers that the service had not taken when the page was reloaded: they are sent again, which changes nothing
  // where it has them. What was taken back is left to the person.
  kept() {
    const found = JSON.parse(sessionStorage.getItem(this.place) ?? "[]");
    return found.filter((one) => !one.undo).map((one, at) => ({ ...one, seq: at + 1 }));
  }

  keep() {
    sessionStorage.setItem(this.place, JSON.stringify(this.log));
  }

  tell() {
    this.sent = true;
    this.send({ sitting: this.sitting, entries: this.log });
  }

  // What the service still holds for this person, without what was answered here a moment ago.
  queue() {
    const gone = new Set(this.log.flatMap((one) => [one.id, ...(one.also ?? [])]));
    return this.data.items.filter((one) => !gone.has(one.id));
  }

  undoing() {
    return this.log.some((one) => one.undo);
  }

  push(entry) {
    this.log = [...this.log, { seq: ++this.seq, ...entry }];
    this.keep();
    this.tell();
    this.draw();
  }

  answer(said) {
    const item = this.queue()[0];
    if (!item || this.undoing()) return;
    const seconds = Math.min(3600, (performance.now() - this.since) / 1000);
    this.times = [...this.times, seconds].slice(-PACE_OF);
    const also = this.alike && said !== "skip" ? item.alike.map((one) => one.id) : [];
    this.last = { said, text: item.text, more: also.length };
    this.push({ id: item.id, said, seconds, also, note: this.note });
    this.note = null;
  }

  undo() {
    if (this.undoing()) return;
    this.last = null;
    this.push({ undo: true });
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    const path = event.composedPath();
    if (path.some((one) => one.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(one.tagName))) return;
    if (path.some((one) => one.getAttribute && ["dialog", "menu", "listbox"].includes(one.getAttribute("role")))) return;
    const pressed = event.key.toLowerCase();
    if (pressed === " " && path[0].tagName === "BUTTON") return; // it presses that button
    const at = keysOf(this.data.classes).indexOf(pressed);
    if (at >= 0) this.answer(this.data.classes[at].name);
    else if (pressed === " ") this.answer("skip");
    else if (pressed === "u") this.answer("unsure");
    else if (pressed === "z") this.undo();
    else if (pressed === "n") this.openNote();
    else if (pressed === "d") this.toggleAlike();
    else return;
    event.preventDefault();
  }

  toggleAlike() {
    this.alike = !this.alike;
    this.draw();
  }

  openNote() {
    this.note = this.note ?? "";
    this.draw();
    this.root.querySelector("textarea")?.focus();
  }

  // --- drawing ------------------------------------------------------------------------------------------------------

  draw() {
    const item = this.queue()[0];
    const same = item && this.shown === item.id;
    if (same && this.root.querySelector("textarea:focus")) return; // a note that is being written is left alone
    const { progress, trouble, empty } = this.data;
    const drawn = JSON.stringify([item?.id, progress, trouble, empty, this.log, this.note !== null, this.alike]);
    if (drawn === this.drawn) return; // what has the focus keeps it
    this.drawn = drawn;
    if (!item || this.shown !== item.id) this.since = performance.now();
    this.shown = item ? item.id : null;
    this.root.replaceChildren(...[this.head(), item ? this.text(item) : this.empty(), item ? this.classes() : null,
      this.foot(Boolean(item)), item ? this.aside(item) : null].filter(Boolean));
  }

  head() {
    const { progress } = this.data;
    const answeredHere = this.log.filter((one) => !one.undo).length;
    const left = Math.max(0, progress.left - answeredHere);
    const share = progress.answered + progress.left ? (100 * (progress.answered + answeredHere)) / (progress.answered + progress.left) : 0;
    const bar = el("div", "bar");
    bar.setAttribute("role", "progressbar");
    bar.setAttribute("aria-label", "Texts answered");
    bar.setAttribute("aria-valuenow", String(Math.round(share)));
    const fill = el("i");
    fill.style.width = `${share}%`;
    bar.append(fill);
    const told = [`${several(left, "text", "texts")} left until the next model`];
    const pace = this.pace(left);
    if (pace) told.push(pace);
    if (progress.conflicts) told.push(`${several(progress.conflicts, "text is", "texts are")} in conflict`);
    return el("div", "head", bar, el("div", "told", told.join(" · ")));
  }

  pace(left) {
    if (this.times.length < 3 || !left) return "";
    const each = this.times.reduce((sum, one) => sum + one, 0) / this.times.length;
    const minutes = (each * left) / 60;
    return `${each.toFixed(1)} s a text, about ${minutes < 1 ? "a minute" : several(Math.round(minutes), "minute", "minutes")} more`;
  }

  text(item) {
    const box = el("section", "text", el("p", "words", item.text));
    box.setAttribute("aria-label", "The text to label");
    box.setAttribute("aria-live", "polite");
    if (item.suggestion) {
      const sure = Math.round(100 * item.suggestion.confidence);
      box.append(el("p", "hint", `The model says: ${item.suggestion.label} (${sure} %)`));
    }
    if (item.said) box.append(el("p", "hint", `You said before: ${item.said}`));
    if (this.note !== null) {
      const field = el("textarea");
      field.rows = 2;
      field.maxLength = 2000;
      field.value = this.note;
      field.placeholder = "A note about this text; Escape goes back to the keys";
      field.setAttribute("aria-label", "Note");
      field.addEventListener("input", () => (this.note = field.value));
      field.addEventListener("keydown", (event) => event.key === "Escape" && field.blur());
      box.append(field);
    }
    return box;
  }

  classes() {
    const keys = keysOf(this.data.classes);
    const grid = el("div", "classes");
    this.data.classes.forEach((one, at) => {
      const button = el("button", "class", el("kbd", "", keys[at] || "·"), el("span", "", el("b", "", one.name)));
      if (one.definition) button.lastChild.append(el("small", "", one.definition));
      button.type = "button";
      if (keys[at]) button.setAttribute("aria-keyshortcuts", keys[at]);
      button.addEventListener("click", () => this.answer(one.name));
      grid.append(button);
    });
    return grid;
  }

  foot(open) {
    const row = el("div", "row");
    const add = (key, name, act, shortcut) => {
      const button = el("button", "quiet", el("kbd", "", key), el("span", "", name));
      button.type = "button";
      button.setAttribute("aria-keyshortcuts", shortcut ?? key);
      button.addEventListener("click", act);
      row.append(button);
    };
    if (open) {
      add("space", "skip", () => this.answer("skip"), "Space");
      add("u", "unsure", () => this.answer("unsure"));
      add("n", "note", () => this.openNote());
    }
    if (this.data.progress.answered || this.seq) add("z", "take back", () => this.undo());
    const foot = el("div", "foot", row);
    if (this.undoing()) foot.append(el("p", "last", "Taking the last answer back…"));
    else if (this.last) {
      const more = this.last.more ? ` and ${several(this.last.more, "near-duplicate", "near-duplicates")}` : "";
      const line = el("p", "last", el("b", "", `✓ ${this.last.said}`), ` ${this.last.text.slice(0, 90)}${more}`);
      line.setAttribute("role", "status");
      foot.append(line);
    }
    if (this.data.trouble) {
      const line = el("p", "trouble", this.data.trouble);
      line.setAttribute("role", "alert");
      foot.append(line);
    }
    return foot;
  }

  aside(item) {
    const box = el("div", "aside", el("div", "", el("h3", "", "Why this one?"), el("p", "", item.why)));
    if (item.alike.length) {
      const check = el("input");
      check.type = "checkbox";
      check.checked = this.alike;
      check.addEventListener("change", () => this.toggleAlike());
      const list = el("ul", "", ...item.alike.map((one) => el("li", "", one.text)));
      box.append(el("div", "", el("h3", "", "Nearly the same"),
        el("label", "", check, ` Answer ${several(item.alike.length, "this one", "these")} too `, el("kbd", "", "d")), list));
    }
    if (item.similar.length) {
      const list = el("ul", "", ...item.similar.map((one) => el("li", "", el("span", "pill", one.label ?? "–"), ` ${one.text}`)));
      box.append(el("div", "", el("h3", "", "Labeled texts like it"), list));
    }
    return box;
  }

  empty() {
    const waits = this.log.length > 0;
    const { title, what } = waits ? { title: "Storing your answers…", what: "" } : this.data.empty;
    return el("section", "text none", el("h2", "", title), el("p", "", what));
  }
}

export default function (component) {
  const { parentElement, data, setStateValue } = component;
  const root = parentElement.querySelector("#board");
  root.board ??= new Board(root, data.task);
  root.board.take(data, (log) => setStateValue("log", log));
  return () => {
    root.board?.leave();
    root.board = undefined;
  };
}
