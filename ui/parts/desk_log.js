// What a person does at the labeling desk: a key a class, the next text loaded already; one text at a time, or a list.
//
// All that she does goes into a log, which is sent again until it is acknowledged.

const SPARE = "acefghijkmopqrstvwxy"; // b, d, l, n, u and z have a meaning
const PACE_OF = 12;
const ONE = 6; // texts that are loaded, one at a time and in a list
const MANY = 12;
const ROWS = 12;
const LIST = "laud-board-list";
// What is left, what the space bar says, and what else can be said, by queue.
const QUEUES = {
  label: { left: ["text", "texts"], space: ["skip", "skip"], unsure: true, note: true, list: true },
  groups: { left: ["group to look at", "groups to look at"], space: ["pass", "pass over"] },
  conflicts: { left: ["text to decide", "texts to decide"], space: ["skip", "leave it out"], unsure: true, note: true, list: true },
  doubts: { left: ["label to check", "labels to check"], space: ["pass", "pass over"], note: true, list: true },
};

function keysOf(classes) {
  let spare = 0;
  return classes.map((one) => one.key || SPARE[spare++] || "");
}

class DeskLog {
  constructor(root, data) {
    this.root = root;
    this.can = QUEUES[data.queue];
    this.place = `laud-board ${data.queue} ${data.task}`;
    this.sitting = crypto.randomUUID ? crypto.randomUUID() : String(Math.random());
    this.log = this.kept();
    this.seq = this.log.length;
    this.list = Boolean(this.can.list && sessionStorage.getItem(LIST));
    this.seen = new Map(); // what was answered here, to jump back to
    this.without = new Set(); // near-duplicates that are not answered with their text
    this.times = [];
    this.at = this.back = this.shown = this.note = null;
    this.whole = false;
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
    else if ((this.log.length || this.list) && !this.sent) this.tell();
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
    this.send({ sitting: this.sitting, entries: this.log, ahead: this.list ? MANY : ONE, look: this.back });
  }

  // --- what there is ------------------------------------------------------------------------------------------------

  // What the service still holds for this person, without what was answered here a moment ago.
  queue() {
    const gone = new Set(this.log.flatMap((one) => (one.undo ? [] : [one.id, ...(one.also ?? [])])));
    return this.data.items.filter((one) => !gone.has(one.id));
  }

  // The text that a key answers: one that was jumped back to, the marked one of the list, or the next.
  current() {
    if (this.back !== null) return this.before(this.back);
    const queue = this.queue();
    return (this.list && queue.find((one) => one.id === this.at)) || queue[0];
  }

  // What was answered, the latest first.
  given() {
    const here = this.log.filter((one) => !one.undo && this.seen.has(one.id)).reverse();
    const ids = new Set(here.map((one) => one.id));
    const mine = here.map((one) => ({ text_id: one.id, text: this.seen.get(one.id).text, said: one.said, note: one.note }));
    return [...mine, ...this.data.given.filter((one) => !ids.has(one.text_id))];
  }

  // A text that was answered, as it is known so far.
  before(id) {
    const given = this.given().find((one) => one.text_id === id);
    if (!given) return undefined;
    const asked = this.data.back?.id === id ? this.data.back : undefined;
    const known = this.seen.get(id) ?? asked ?? { id, text: given.text, why: "", hints: [], similar: [] };
    return { ...known, alike: [], said: given.said, note: given.note };
  }

  also(item) {
    return item.alike.map((one) => one.id).filter((id) => !this.without.has(id));
  }

  undoing() {
    return this.log.some((one) => one.undo);
  }

  // --- what is done -------------------------------------------------------------------------------------------------

  push(entry) {
    this.log = [...this.log, { seq: ++this.seq, ...entry }];
    this.keep();
    this.tell();
    this.draw();
  }

  answer(said) {
    const item = this.current();
    if (!item || this.undoing()) return;
    const again = this.back !== null;
    const seconds = again ? 0 : Math.min(3600, (performance.now() - this.since) / 1000);
    const also = said === this.can.space[0] ? [] : this.also(item);
    if (item.group && !also.length && said !== "pass") return;
    if (!again) this.times = [...this.times, seconds].slice(-PACE_OF);
    this.last = { said: said === "pass" ? "passed over" : said, text: item.text || item.alike[0].text, more: also.length - (item.group ? 1 : 0) };
    this.seen.set(item.id, { ...item, alike: [] });
    this.mark(1, item);
    this.back = null;
    const note = this.note ?? item.note ?? null;
    this.note = null;
    this.push({ id: item.id, said, seconds, also, note, again });
  }

  undo() {
    if (!this.canUndo()) return;
    this.last = this.at = this.back = this.note = null;
    this.push({ undo: true });
  }

  canUndo() {
    return this.log.length > 0 || this.data.undo;
  }

  // Mark the text of the list that stands so far from the one that is marked.
  mark(by, from = this.current()) {
    if (!this.list || this.back !== null) return;
    const queue = this.queue();
    const at = queue.findIndex((one) => one.id === from?.id) + by;
    this.at = (queue[at] ?? (by > 0 ? queue[queue.length - 2] : queue[0]))?.id ?? null;
  }

  move(by) {
    const queue = this.queue().slice(0, ROWS);
    const at = queue.findIndex((one) => one.id === this.current()?.id) + by;
    if (queue[at]) this.choose(queue[at].id);
  }

  choose(id) {
    this.at = id;
    this.back = this.note = null;
    this.draw();
    this.root.querySelector(".text")?.scrollIntoView({ block: "nearest" });
  }

  jump(id) {
    this.back = id;
    this.note = null;
    if (!this.seen.has(id) && this.data.back?.id !== id) this.tell();
    this.draw();
    this.root.scrollIntoView({ block: "nearest" });
  }

  jumpFurther() {
    const given = this.given();
    const next = given[given.findIndex((one) => one.text_id === this.back) + 1];
    if (next) this.jump(next.text_id);
  }

  goOn() {
    this.back = this.note = null;
    this.draw();
  }

  toggleList() {
    this.list = !this.list;
    if (this.list) sessionStorage.setItem(LIST, "yes");
    else sessionStorage.removeItem(LIST);
    this.tell();
    this.draw();
  }

  toggleWhole() {
    this.whole = !this.whole;
    this.draw();
  }

  toggleAlike() {
    const item = this.current();
    if (!item) return;
    this.without = new Set(this.also(item).length ? item.alike.map((one) => one.id) : []);
    this.draw();
  }

  openNote() {
    this.note = this.note ?? this.current()?.note ?? "";
    this.draw();
    this.root.querySelector("textarea")?.focus();
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat && !event.key.startsWith("Arrow")) return;
    const path = event.composedPath();
    const writes = (one) => one.isContentEditable || ["TEXTAREA", "SELECT"].includes(one.tagName) || (one.tagName === "INPUT" && one.type !== "checkbox");
    if (path.some(writes)) return;
    if (path.some((one) => one.getAttribute && ["dialog", "menu", "listbox", "radiogroup"].includes(one.getAttribute("role")))) return;
    const pressed = event.key.toLowerCase();
    if (pressed === " " && ["BUTTON", "INPUT", "SUMMARY", "A"].includes(path[0].tagName)) return; // it presses that
    const act = this.meant(pressed);
    if (!act) return;
    event.preventDefault();
    act();
  }

  // What a key does now, if anything.
  meant(pressed) {
    const at = keysOf(this.data.classes).indexOf(pressed);
    if (at >= 0) return () => this.answer(this.data.classes[at].name);
    const open = Boolean(this.current());
    const keys = {
      " ": () => this.answer(this.can.space[0]),
      u: this.can.unsure && (() => this.answer("unsure")),
      n: this.can.note && open && (() => this.openNote()),
      d: this.current()?.alike.length && (() => this.toggleAlike()),
      z: () => this.undo(),
      b: this.given().length && (() => this.jumpFurther()),
      l: this.can.list && (() => this.toggleList()),
      "?": () => this.toggleWhole(),
      escape: this.back !== null && (() => this.goOn()),
      arrowdown: this.list && (() => this.move(1)),
      arrowup: this.list && (() => this.move(-1)),
    };
    return keys[pressed];
  }
}
