// Predict with the model of this folder: in node (npm ci, then as below), or in a browser (see page.mjs).
//
//     node reader.mjs rows.json > answers.json             rows.json holds a list of objects
//
//     import { Model } from "./reader.mjs";
//     const model = await Model.load();
//     await model.predict([{ tenure: 3, Contract: "Two year" }]);
//     → [{ prediction: "No", probability_No: 0.982311, probability_Yes: 0.017689 }]
//
// Cells are as CSV or JSON hold them; null, undefined, NaN and blank text are missing. What cannot be read throws Refused.

import { weights } from "./words.mjs";

const CHUNK = 4096; // rows scored at once
const LARGEST = 3.4028234663852886e38;
const MISSING = new Set(["", "?", "-", "--", ".", "na", "n/a", "#n/a", "nan", "null", "none", "<na>"]); // beside a column's own
const TRUTHS = new Map([["true", 1], ["false", 0]]);
const BLANKS = "\\t\\n\\v\\f\\r\\x1c-\\x1f \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000\\ufeff";
const AROUND = new RegExp(`^[${BLANKS}]+|[${BLANKS}]+$`, "g");
const NUMBER = /^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?$/i;
const INTEGRAL = /^[+-]?[0-9]+(\.0*)?$/;
const INFINITE = /^[+-]?inf(inity)?$/i;
const MACHINE = /^-?(0|[1-9][0-9]*)(\.(0|[0-9]*[1-9]))?(e[+-]?[0-9]+)?$/;
const DAY = 86_400_000_000; // microseconds

/** A row that cannot be read; the message says which cell, and what was expected. */
export class Refused extends Error {}

export class Model {
  /** Load the model of a folder: an address, or beside this file. `ort` is onnxruntime-web or onnxruntime-node. */
  static async load(folder = new URL(".", import.meta.url), ort = undefined) {
    const runtime = ort ?? (await import("onnxruntime-node").catch(() => import("onnxruntime-web")));
    if (runtime.env?.wasm) runtime.env.wasm.numThreads = 1;
    const file = async (name) => new Uint8Array(await read(new URL(name, folder)));
    const table = async (name) => JSON.parse(new TextDecoder().decode(await file(name)));
    const names = ["preprocessing.json", "inference.json", "contract.json"];
    const [graph, tables, facts, contract] = await Promise.all([file("model.onnx"), ...names.map(table)]);
    const derived = tables.derived && new (await import("./derived.mjs")).Derivation(tables, reader, clockOf);
    return new Model(await runtime.InferenceSession.create(graph), runtime, tables, facts, contract, derived);
  }

  constructor(session, runtime, tables, facts, contract, derived = undefined) {
    this.derived = derived; // what features are derived by, where there are any
    // from which probability on, as it is printed, the second of two classes is predicted; null: the likeliest is
    Object.assign(this, { session, runtime, contract, scale: 10 ** facts.decimals, threshold: facts.threshold });
    this.cells = tables.columns.map((entry) => ({ name: entry.column, ...reader(entry) }));
    const own = this.cells.map((cell) => cell.name).filter((name) => !derived?.names.has(name));
    this.columns = [...new Set([...own, ...(derived?.columns ?? [])])];
    this.width = this.cells.reduce((width, cell) => width + cell.width, 0);
    const target = Object.values(contract.columns).find((column) => column.role === "target");
    const texts = contract.task === "regression" ? [] : target.categories;
    const truths = { integer: Number, boolean: (label) => ["true", "1"].includes(label.toLowerCase()) };
    this.labels = texts.map(truths[target.type] ?? String);
    this.names = texts.length ? texts.map((label) => `probability_${label}`) : ["prediction", "prediction_low", "prediction_high"];
  }

  /**
   * Answer each row: `prediction`, with `probability_<label>` of classes or the ends of an interval. `now`, in microseconds
   * since 1970, is the clock's where derived features ask for it and none is given.
   */
  async predict(rows, { now = undefined, explain = false } = {}) {
    if (explain) throw new Refused("explain: this reader explains no prediction; reader.py beside it does");
    const answers = [];
    for (let first = 0; first < rows.length; first += CHUNK) {
      const some = rows.slice(first, first + CHUNK);
      const values = Float32Array.from(some.flatMap((row, at) => this.read(row, first + at + 1, now)));
      const features = new this.runtime.Tensor("float32", values, [some.length, this.width]);
      const { scores } = await this.session.run({ features });
      const width = scores.dims[1];
      for (let at = 0; at < some.length; at++) answers.push(this.answer([...scores.data.slice(at * width, (at + 1) * width)]));
    }
    return answers;
  }

  /** The features of one row. */
  read(given, number, now = undefined) {
    const row = this.columns.some((name) => given[name] !== null && typeof given[name] === "object") ? given : spread(given);
    const optional = (name) => this.contract.columns[name].nullable;
    const lacking = this.columns.filter((name) => !Object.hasOwn(row, name) && !optional(name));
    if (lacking.length) throw new Refused(`row ${number} lacks ${lacking.join(", ")}`);
    const refuse = (name, cell, expected) => {
      const shown = JSON.stringify(cell).slice(0, 60);
      throw new Refused(`row ${number}: column ${JSON.stringify(name)} holds ${shown}, expected ${expected}`);
    };
    const held = this.derived ? { ...row, ...this.derived.of(row, now, refuse) } : row;
    return this.cells.flatMap(({ name, read, width, expected }) => {
      const cell = Number.isNaN(held[name]) ? null : held[name] ?? null;
      const features = read(cell);
      if (features === undefined) refuse(name, cell, expected);
      return features ?? Array(width).fill(NaN);
    });
  }

  answer(scores) {
    if (!scores.every(Number.isFinite)) throw new Refused("the model has no finite answer for values this large");
    const rounded = scores.map((score) => even(score * this.scale) / this.scale + 0); // -0 becomes 0
    const code = this.threshold === null ? scores.indexOf(Math.max(...scores)) : Number(rounded[1] >= this.threshold);
    const answer = this.labels.length ? { prediction: this.labels[code] } : {};
    rounded.forEach((score, at) => (answer[this.names[at]] = score));
    return answer;
  }
}

/** The nearest whole number; of two, the even one. */
function even(value) {
  const below = Math.floor(value);
  const over = value - below;
  return over < 0.5 || (over === 0.5 && below % 2 === 0) ? below : below + 1;
}

/** What reads a cell of one column of preprocessing.json: features, null where missing, undefined where refused. */
function reader(entry) {
  const words = new Set(entry.words);
  const sentinels = new Set(entry.words.filter((word) => NUMBER.test(word)).map(Number));
  const vocabulary = new Map((entry.vocabulary ?? []).map((word, at) => [word, at]));
  const codes = new Map(entry.levels.map((level, code) => [level, code]));
  const known = levels(entry.levels);
  const other = entry.other ?? NaN;
  const missing = entry.missing ?? other;
  const none = (text) => words.has(text) || MISSING.has(trim(text).toLowerCase());
  const level = (cell) => {
    const text = { string: cell, boolean: cell ? "True" : "False", number: String(cell), object: null }[typeof cell];
    if (text === undefined || (cell !== null && typeof cell === "object")) return undefined;
    if (text === null || codes.has(text)) return text;
    return words.has(text) || !trim(text) ? null : known.get(same(text)) ?? text;
  };
  const kinds = {
    number(cell) {
      if (cell === null) return entry.fill;
      const value = typeof cell === "number" ? cell : typeof cell === "string" ? (none(cell) ? NaN : number(cell, entry)) : undefined;
      if (value === undefined) return undefined;
      if (!Number.isFinite(value) || sentinels.has(value)) return entry.fill;
      return Math.abs(value) > LARGEST || (entry.whole && !Number.isInteger(value)) ? undefined : [value];
    },
    boolean(cell) {
      if (cell === null || (typeof cell === "string" && none(cell))) return entry.fill;
      const text = typeof cell === "string" ? trim(cell).toLowerCase() : String(cell);
      const value = TRUTHS.get(text) ?? (typeof cell === "number" || /^[01](\.0+)?$/.test(text) ? Number(text) : undefined);
      return value === 0 || value === 1 ? [value] : undefined;
    },
    category(cell) {
      const found = level(cell);
      return found === undefined ? undefined : [found === null ? missing : codes.get(found) ?? other];
    },
    text(cell) {
      const text = { string: cell, boolean: cell ? "True" : "False", number: String(cell), object: null }[typeof cell];
      if (text === undefined || (cell !== null && typeof cell === "object")) return undefined;
      return weights(text === null || words.has(text) ? "" : text, vocabulary, entry.idf);
    },
    datetime(cell) {
      if (cell === null || (typeof cell === "string" && none(cell))) return null;
      const found = typeof cell === "object" ? cell.at : moment(cell, entry); // one that was derived, or a cell
      return typeof found === "number" ? entry.parts.map((part) => clockOf(found, entry.zone)[part]) : found;
    },
  };
  const expected = {
    number: `a ${entry.whole ? "whole " : ""}number that fits a 32-bit float`,
    boolean: "true or false",
    category: "a text or a number",
    text: "a text",
    datetime: `a date like ${entry.format ?? "2024-01-31T12:00:00"}`,
  };
  const read = (cell) => {
    const found = kinds[entry.kind](cell);
    return typeof found === "number" ? [found] : found;
  };
  return { read, level, expected: expected[entry.kind], width: { datetime: entry.parts.length, text: vocabulary.size }[entry.kind] ?? 1 };
}

/** A cell that is not missing as a moment, in microseconds since 1970; null where it is too far, undefined where refused. */
function moment(cell, { format, zone }) {
  const text = typeof cell === "number" && Number.isInteger(cell) && format ? String(cell) : cell;
  return typeof text === "string" ? stamp(trim(text), format, zone) : undefined;
}

/** A text without the blanks around it. */
function trim(text) {
  return text.replace(AROUND, "");
}

/** A text as a number, written with the marks of its column; undefined where it is none. */
function number(cell, { decimal, thousands, unit, whole: integral }) {
  let text = trim(cell);
  if (decimal !== "." || thousands || unit) {
    let sign = "";
    const signed = () => {
      const found = text.match(/^[-+\u2212]/)?.[0];
      if (!found) return;
      sign = found === "+" ? "+" : "-";
      text = trim(text.slice(1));
    };
    signed();
    if (unit) {
      if (text.startsWith(unit)) text = text.slice(unit.length);
      else if (text.endsWith(unit)) text = text.slice(0, -unit.length);
      text = trim(text);
      if (!sign) signed();
    }
    const at = text.indexOf(decimal);
    let whole = at < 0 ? text : text.slice(0, at);
    const fraction = at < 0 ? "" : text.slice(at + decimal.length);
    if (thousands) {
      const groups = whole.replace(new RegExp(`[${BLANKS}]`, "g"), " ").replaceAll("\u2019", "'").split(thousands);
      if (groups.length > 1 && !(groups[0].length >= 1 && groups[0].length <= 3 && groups.slice(1).every((group) => group.length === 3))) return undefined;
      whole = groups.join("");
    }
    if (decimal !== "." && (whole.includes(".") || fraction.includes("."))) return undefined;
    text = `${sign}${whole}${at < 0 ? "" : "."}${fraction}`;
  }
  if (INFINITE.test(text)) return Infinity;
  return (integral ? INTEGRAL : NUMBER).test(text) ? Number(text) : undefined;
}

/** What two spellings of one value have in common: a number's value, a truth value, the text without blanks around it. */
function same(level) {
  const bare = trim(level);
  const lower = bare.toLowerCase();
  if (TRUTHS.has(lower)) return `truth ${lower}`;
  return MACHINE.test(bare) && !(/^-?[0-9]+$/.test(bare) && Math.abs(Number(bare)) > 2 ** 53) ? Number(bare) + 0 : bare;
}

/** The one level of each spelling that several programs write; none where two levels share it. */
function levels(all) {
  const found = new Map();
  for (const level of all) found.set(same(level), found.has(same(level)) ? undefined : level);
  return found;
}

/** A row with the entries of the objects in it beside its own, under dotted names. */
function spread(row) {
  const nested = (value) => value !== null && typeof value === "object" && !Array.isArray(value);
  if (!Object.values(row).some(nested)) return row;
  const inner = (name, value) => Object.entries(spread(value)).map(([key, cell]) => [`${name}.${key}`, cell]);
  return Object.fromEntries(Object.entries(row).flatMap(([name, value]) => (nested(value) ? inner(name, value) : [[name, value]])));
}

const MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split(" ");
const FULL = "january february march april may june july august september october november december".split(" ");
const ZONE = "(?<z>Z|UTC|[+-][0-9]{2}(?::?[0-9]{2})?)";
/** Directives of strptime as patterns. */
const DIRECTIVES = {
  Y: "(?<Y>[0-9]{4})", y: "(?<y>[0-9]{2})", m: "(?<m>1[0-2]|0[1-9]|[1-9])", d: "(?<d>3[01]|[12][0-9]|0[1-9]|[1-9])",
  b: `(?<b>${MONTHS.join("|")})`, B: `(?<b>${FULL.join("|")})`, H: "(?<H>2[0-3]|[01][0-9]|[0-9])", I: "(?<I>1[0-2]|0[1-9]|[1-9])",
  M: "(?<M>[0-5][0-9]|[0-9])", S: "(?<S>[0-5][0-9]|[0-9])", f: "(?<f>[0-9]{1,9})", p: "(?<p>am|pm)", z: ZONE, "%": "%",
};
const ISO = new RegExp(
  "^(?<Y>[0-9]{4})-(?<m>1[0-2]|0?[1-9])-(?<d>3[01]|[12][0-9]|0?[1-9])(?:[T ](?<H>2[0-3]|[01][0-9]):(?<M>[0-5][0-9])" +
  `(?::(?<S>[0-5][0-9])(?:[.,](?<f>[0-9]{1,9}))?)?(?: ?${ZONE})?)?$`,
);

/** A format as a pattern; blanks of it stand for any blanks. */
function pattern(format) {
  const piece = (part) => (part[0] === "%" ? DIRECTIVES[part[1]] ?? "(?!)" : part.trim() ? part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&") : "\\s+");
  return new RegExp(`^${format.split(/(%.|\s+)/).filter(Boolean).map(piece).join("")}$`, "i");
}

/**
 * A moment in microseconds since 1970; undefined where the text is none, null where its year is too far to be one of a
 * moment (9999 for "no end").
 */
function stamp(text, format, zone) {
  const spellings = format ? [pattern(format), ...(format.includes("%Y-%d") ? [] : [ISO])] : [ISO];
  const found = spellings.map((one) => text.match(one)?.groups).find(Boolean);
  if (!found) return undefined;
  const year = Number(found.Y ?? (Number(found.y) < 69 ? 2000 : 1900) + Number(found.y));
  const month = found.b ? MONTHS.indexOf(found.b.slice(0, 3).toLowerCase()) + 1 : Number(found.m ?? 1);
  const [day, minute, second] = [found.d ?? 1, found.M ?? 0, found.S ?? 0].map(Number);
  const hour = found.I ? (Number(found.I) % 12) + (found.p.toLowerCase() === "pm" ? 12 : 0) : Number(found.H ?? 0);
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  const ahead = found.z === undefined ? null : offset(found.z);
  if (!year || date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day || ahead === undefined) return undefined;
  if (year < 1678 || year > 2261) return null;
  const local = date.getTime() / 1000 + hour * 3600 + minute * 60 + second;
  const seconds = ahead === null ? instant(local, zone) : local - ahead;
  if (seconds === undefined) return undefined;
  const micros = Number((found.f ?? "").slice(0, 6).padEnd(6, "0"));
  return seconds * 1_000_000 + micros;
}

/** The parts of a moment `at` by the clocks of its zone; `elapsed` is in days since 1970, in UTC. */
function clockOf(at, zone) {
  const seconds = Math.floor(at / 1_000_000);
  const clock = new Date((seconds + aheadOf(seconds, zone)) * 1000);
  const days = Math.floor(seconds / 86_400);
  return {
    at, year: clock.getUTCFullYear(), month: clock.getUTCMonth() + 1, day: clock.getUTCDate(), weekday: (clock.getUTCDay() + 6) % 7,
    hour: clock.getUTCHours(), minute: clock.getUTCMinutes(), elapsed: days + (at - days * DAY) / DAY,
  };
}

/** The seconds of an offset such as Z, +02, +0200 or -03:30; undefined for one of a day or more. */
function offset(text) {
  const [, sign, hours, minutes] = text.match(/^([+-])(\d{2}):?(\d{2})?$/) ?? [null, "+", "0", "0"];
  if (Number(hours) > 23 || Number(minutes ?? 0) > 59) return undefined;
  return (sign === "-" ? -60 : 60) * (Number(hours) * 60 + Number(minutes ?? 0));
}

/** The instant of a local time, in seconds; undefined where the zone has it twice or never, but for midnights. */
function instant(local, zone) {
  const [before, after] = [aheadOf(local - 86_400, zone), aheadOf(local + 86_400, zone)];
  const [early, late] = [before, after].map((ahead) => aheadOf(local - ahead, zone) === ahead);
  if (local % 86_400 && before !== after && early === late) return undefined;
  return local - (early || !late ? before : after);
}

const CLOCKS = new Map();
/** By how many seconds the clocks of a zone are ahead of UTC at an instant; whole minutes. */
function aheadOf(seconds, zone) {
  if (!zone || zone === "UTC") return 0;
  if (/^[+-]/.test(zone)) return offset(zone);
  if (!CLOCKS.has(zone)) CLOCKS.set(zone, new Intl.DateTimeFormat("en-US", { timeZone: zone, timeZoneName: "longOffset" }));
  const name = CLOCKS.get(zone).formatToParts(seconds * 1000).find((part) => part.type === "timeZoneName").value;
  const [, sign, hours, minutes, rest] = name.match(/^GMT([+-])(\d{2}):(\d{2}):?(\d{2})?$/) ?? [null, "+", 0, 0, 0];
  const size = (sign === "-" ? -1 : 1) * (Number(hours) * 60 + Number(minutes) + Number(rest ?? 0) / 60);
  return even(size) * 60;
}

/** The bytes of a file: from the disk in node, from the server in a browser. */
async function read(address) {
  if (address.protocol === "file:") return (await import("node:fs/promises")).readFile(address);
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`${address}: ${answer.status} ${answer.statusText}`);
  return answer.arrayBuffer();
}

if (globalThis.process?.argv?.[1] && import.meta.url === (await import("node:url")).pathToFileURL(process.argv[1]).href) {
  try {
    if (process.argv.length !== 3) throw new Error("usage: node reader.mjs rows.json > answers.json");
    const rows = JSON.parse(await (await import("node:fs/promises")).readFile(process.argv[2], "utf8"));
    if (!Array.isArray(rows)) throw new Error(`${process.argv[2]} holds no list; expected a list of objects`);
    console.log(JSON.stringify(await (await Model.load()).predict(rows)));
  } catch (error) {
    console.error(error.code === "ERR_MODULE_NOT_FOUND" ? `${error.message}; run npm ci in this folder` : error.message);
    process.exit(2);
  }
}
