// The board of the labeling desk, drawn from what the desk's log and the service say.
//
// Streamlit calls the function at the end at every change of `data`, always on the same element; what the board knows of
// its own is kept there. Words from outside only ever become text nodes.

const LAST = 5;

const el = (tag, cls, ...children) => {
  const made = document.createElement(tag);
  if (cls) made.className = cls;
  made.append(...children.filter((one) => one !== null && one !== undefined));
  return made;
};

const several = (count, one, many) => `${count.toLocaleString("en")} ${count === 1 ? one : many}`;

const middle = (numbers) => [...numbers].sort((a, b) => a - b)[numbers.length >> 1];

class Board extends DeskLog {
  draw() {
    const item = this.current();
    if (!item) this.back = null;
    if (!item || this.shown !== item.id) {
      this.since = performance.now();
      this.without = new Set();
    }
    this.shown = item ? item.id : null;
    const focus = this.focused();
    const open = () => (item ? [this.text(item), this.alike(item), this.classes(item)] : [this.empty()]);
    const middle = this.list && item && this.back === null ? [this.rows(item, open)] : open();
    this.root.replaceChildren(...[this.head(), ...middle, this.foot(item), this.aside(item)].filter(Boolean));
    if (focus) this.root.querySelector(`[data-name="${CSS.escape(focus)}"]`)?.focus({ preventScroll: true });
  }

  // What the Tab key has come to: drawn anew, it has the focus again.
  focused() {
    const here = this.root.getRootNode().activeElement;
    return here && this.root.contains(here) && here.matches(":focus-visible") ? here.dataset.name : undefined;
  }

  button(cls, name, act, ...children) {
    const made = el("button", cls, ...children);
    made.type = "button";
    made.dataset.name = name;
    made.addEventListener("click", act);
    return made;
  }

  head() {
    const { progress, queue } = this.data;
    const told = [];
    let share = 0;
    if (queue === "label") {
      const answered = this.log.filter((one) => !one.undo && !one.again).reduce((sum, one) => sum + 1 + one.also.length, 0);
      const left = Math.max(0, progress.left - answered);
      const waiting = Math.max(0, progress.waiting - answered);
      share = (progress.answered + answered) / Math.max(1, progress.answered + progress.left);
      if (!left && !waiting) return null;
      if (!left || !(this.queue().length || this.log.length)) {
        told.push(`Nothing left for you, ${several(waiting, "text", "texts")} with others until the next model`);
      } else {
        told.push(left === waiting ? `${several(left, "text", "texts")} left until the next model`
          : `${several(left, "text", "texts")} left for you, ${waiting.toLocaleString("en")} until the next model`);
        if (this.pace(left)) told.push(this.pace(left));
      }
    } else {
      const left = this.queue().length;
      share = this.data.done / Math.max(1, this.data.done + this.data.items.length);
      told.push(several(left, ...this.can.left));
    }
    const bar = el("div", "bar", el("i"));
    bar.setAttribute("role", "progressbar");
    bar.setAttribute("aria-label", "Done");
    bar.setAttribute("aria-valuenow", String(Math.round(100 * share)));
    bar.firstChild.style.width = `${100 * share}%`;
    return el("div", "head", bar, el("div", "told", told.join(" · ")));
  }

  pace(left) {
    if (this.times.length < 3 || !left) return "";
    const each = middle(this.times);
    const minutes = Math.round((each * left) / 60);
    return `${each.toFixed(1)} s a text, about ${minutes <= 1 ? "a minute" : `${minutes} minutes`} more`;
  }

  // The list: each text a line, the marked one opened.
  rows(item, open) {
    const queue = this.queue();
    const list = el("ol", "rows", ...queue.slice(0, ROWS).map((one) => {
      if (one.id === item.id) return el("li", "open", ...open().filter(Boolean));
      return el("li", "", this.button("line", `row ${one.id}`, () => this.choose(one.id), one.text));
    }));
    list.setAttribute("aria-label", "Texts");
    if (queue.length > ROWS) list.append(el("li", "hint", `${(queue.length - ROWS).toLocaleString("en")} more come when these are done.`));
    return list;
  }

  text(item) {
    const box = el("section", "text", item.text ? el("p", "words", item.text) : null);
    box.setAttribute("aria-label", item.group ? "The texts to label" : "The text to label");
    box.setAttribute("aria-live", "polite");
    if (item.group) box.append(...this.members(item));
    for (const one of item.votes ?? []) {
      box.append(el("p", "vote", el("b", "", one.said), ` ${one.who}`, one.note ? el("q", "", one.note) : null));
    }
    box.append(...item.hints.map((one) => el("p", "hint", one)));
    if (this.back !== null) {
      box.append(el("p", "hint", `You said ${item.said}${item.note ? `: “${item.note}”` : ""}. Answer anew, or `,
        this.button("link", "go-on", () => this.goOn(), el("kbd", "", "Esc"), " go on")));
    }
    if (this.note !== null) box.append(this.noteField());
    return box;
  }

  noteField() {
    const field = el("textarea");
    field.rows = 2;
    field.maxLength = 2000;
    field.value = this.note;
    field.dataset.name = "note";
    field.placeholder = "A note about this text; Escape goes back to the keys";
    field.setAttribute("aria-label", "Note");
    field.addEventListener("input", () => (this.note = field.value));
    field.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      field.blur();
    });
    return field;
  }

  // The texts of a group, or near-duplicates, each with a box that says whether the answer holds for it.
  members(item) {
    const also = new Set(this.also(item));
    return item.alike.map((one) => {
      const check = el("input");
      check.type = "checkbox";
      check.checked = also.has(one.id);
      check.dataset.name = `also ${one.id}`;
      check.addEventListener("change", () => {
        if (check.checked) this.without.delete(one.id);
        else this.without.add(one.id);
        this.draw();
      });
      return el("label", "member", check, el("span", "", one.text));
    });
  }

  alike(item) {
    if (item.group || !item.alike.length) return null;
    const count = this.also(item).length;
    const title = count ? `The answer holds for ${several(count, "text that is", "texts that are")} nearly the same:` : "Nearly the same, answered by themselves:";
    const all = this.button("link", "alike", () => this.toggleAlike(), el("kbd", "", "d"), count ? " none of them" : " all of them");
    const box = el("section", "alike", el("p", "hint", title, " ", all), ...this.members(item));
    box.setAttribute("aria-label", "Nearly the same");
    return box;
  }

  classes(item) {
    const keys = keysOf(this.data.classes);
    const grid = el("div", this.list && this.back === null && !this.whole ? "classes few" : "classes");
    this.data.classes.forEach((one, at) => {
      const now = item.label === one.name || (this.back !== null && item.said === one.name);
      const name = el("span", "", el("b", "", one.name, now ? el("i", "now", this.back === null ? "now" : "yours") : null));
      const made = this.button("class", `class ${at}`, () => this.answer(one.name), el("kbd", "", keys[at] || "·"), name);
      if (one.definition) name.append(el("small", this.whole ? "whole" : "", one.definition));
      if (this.whole && one.examples.length) name.append(el("small", "whole", `Such as: ${one.examples.join(" · ")}`));
      if (keys[at]) made.setAttribute("aria-keyshortcuts", keys[at]);
      grid.append(made);
    });
    return grid;
  }

  foot(item) {
    const row = el("div", "row");
    const add = (key, name, act, { shortcut = key, on } = {}) => {
      const made = this.button("quiet", `key ${key}`, act, el("kbd", "", key), el("span", "", name));
      made.setAttribute("aria-keyshortcuts", shortcut);
      if (on !== undefined) made.setAttribute("aria-pressed", String(on));
      row.append(made);
    };
    if (item) {
      add("space", this.can.space[1], () => this.answer(this.can.space[0]), { shortcut: "Space" });
      if (this.can.unsure) add("u", "unsure", () => this.answer("unsure"));
      if (this.can.note) add("n", "note", () => this.openNote());
    }
    if (this.canUndo()) add("z", "take back", () => this.undo());
    if (this.given().length) add("b", "back", () => this.jumpFurther());
    if (item && this.can.list) add("l", "list", () => this.toggleList(), { on: this.list });
    if (item && this.data.classes.some((one) => one.definition || one.examples.length)) {
      add("?", "definitions", () => this.toggleWhole(), { on: this.whole });
    }
    const foot = el("div", "foot", row, el("p", "last"));
    foot.lastChild.setAttribute("role", "status");
    if (this.undoing()) foot.lastChild.append("Taking the last answer back…");
    else if (this.last) {
      const more = this.last.more > 0 ? ` and ${this.last.more} more` : "";
      foot.lastChild.append(el("b", "", `✓ ${this.last.said}`), ` ${this.last.text.slice(0, 90)}${more}`);
    }
    if (this.data.trouble) {
      const line = el("p", "trouble", this.data.trouble);
      line.setAttribute("role", "alert");
      foot.append(line);
    }
    return foot;
  }

  aside(item) {
    const box = el("div", "aside");
    if (item?.why) box.append(el("div", "", el("h3", "", "Why this one?"), el("p", "", item.why)));
    if (item?.similar.length) {
      const list = el("ul", "", ...item.similar.map((one) => el("li", "", el("span", "pill", one.label ?? "–"), ` ${one.text}`)));
      box.append(el("div", "", el("h3", "", "Labeled texts like it"), list));
    }
    const given = this.given().slice(0, LAST);
    if (given.length) {
      const list = el("ul", "", ...given.map((one) => el("li", "", this.button("past", `past ${one.text_id}`,
        () => this.jump(one.text_id), el("span", "pill", one.said), el("span", "", one.text)))));
      box.append(el("div", "", el("h3", "", "Your last answers"), list));
    }
    return box.children.length ? box : null;
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
  root.board ??= new Board(root, data);
  root.board.take(data, (log) => setStateValue("log", log));
  return () => {
    root.board?.leave();
    root.board = undefined;
  };
}
