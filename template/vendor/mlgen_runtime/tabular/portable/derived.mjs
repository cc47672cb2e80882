// The features that are derived from a row, for reader.mjs, beside which this file lies: preprocessing.json says how the
// columns behind them are read (`sources`) and what is computed (`derived`). A number is null where it is missing, and so
// is what is divided by zero, has no value, or overflows; a moment is in microseconds since 1970.

const LARGEST = 3.4028234663852886e38;
const UNITS = { days: 86_400_000_000, hours: 3_600_000_000, minutes: 60_000_000 };
const MINUTE = 60_000; // milliseconds
const BLANKS = "\\t\\n\\v\\f\\r\\x1c-\\x1f \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000\\ufeff";
const WORDS = new RegExp(`[^${BLANKS}]+`, "g");

export class Derivation {
  /** `reader` and `clockOf` are those of reader.mjs: what reads a cell, and the parts of a moment. */
  constructor(tables, reader, clockOf) {
    Object.assign(this, { steps: tables.derived, clockOf });
    this.sources = tables.sources.map((entry) => ({ name: entry.column, ...typed(entry, reader) }));
    this.columns = this.sources.map((source) => source.name);
    this.names = new Set(this.steps.map((step) => step.name));
  }

  /** The features of a row, as cells for the readers of their columns. `refuse` throws for a cell that cannot be read. */
  of(row, now, refuse) {
    const known = {};
    for (const { name, read, expected } of this.sources) {
      const cell = Number.isNaN(row[name]) ? null : row[name] ?? null;
      const value = read(cell);
      if (value === undefined) refuse(name, cell, expected);
      known[name] = value;
    }
    const moment = now ?? Math.floor(Date.now() / MINUTE) * MINUTE * 1000;
    for (const { name, tree } of this.steps) known[name] = this.value(tree, known, moment);
    const cells = this.steps.map(({ name, type }) => [name, cellOf(known[name], type)]);
    return Object.fromEntries(cells);
  }

  /** The value of a tree. */
  value(tree, known, now) {
    const { op } = tree;
    if (op === "column") return known[tree.name];
    if (op === "now") return now;
    if (op === "value") return tree.value;
    const args = tree.args.map((arg) => this.value(arg, known, now));
    if (op in NUMBERS) return args.includes(null) ? null : finite(NUMBERS[op](...args));
    if (op in PARTS) return args[0] === null ? null : this.clockOf(args[0], tree.zone)[op];
    return OTHERS[op](args, tree);
  }
}

/** What reads a cell of a column behind features as a value: null where it is missing, undefined where it is refused. */
function typed(entry, reader) {
  const { read, level, expected } = reader({ ...entry, parts: ["at"] });
  const first = (cell) => {
    const found = read(cell);
    return found ? found[0] : found;
  };
  return { read: entry.kind === "category" ? level : first, expected };
}

/** A value as a cell of a column; a number that fits no 32-bit float is missing. */
function cellOf(value, type) {
  if (value === null || type === "category" || type === "text") return value;
  if (type === "moment") return { at: value };
  if (type === "boolean") return value === 1;
  return Math.abs(value) <= LARGEST ? value : null;
}

const finite = (value) => (Number.isFinite(value) ? value : null);

/** The nearest whole number; of two, the even one. */
function even(value) {
  const below = Math.floor(value);
  const over = value - below;
  return over < 0.5 || (over === 0.5 && below % 2 === 0) ? below : below + 1;
}

/** What is left of a division, with the sign of what is divided by. */
function modulo(a, b) {
  const rest = a % b;
  return rest && rest < 0 !== b < 0 ? rest + b : rest;
}

/** Operations on numbers, none of which is missing. */
const NUMBERS = {
  add: (a, b) => a + b,
  subtract: (a, b) => a - b,
  multiply: (a, b) => a * b,
  divide: (a, b) => (b === 0 ? null : a / b),
  modulo: (a, b) => (b === 0 ? null : modulo(a, b)),
  power: (a, b) => a ** b,
  negate: (a) => -a,
  abs: Math.abs,
  sqrt: Math.sqrt,
  log: Math.log,
  log1p: Math.log1p,
  exp: Math.exp,
  floor: Math.floor,
  ceil: Math.ceil,
  min: Math.min,
  max: Math.max,
  clip: (value, low, high) => Math.min(Math.max(value, low), high),
  not: (a) => 1 - a,
};
const PARTS = { year: 1, month: 1, day: 1, weekday: 1, hour: 1, minute: 1 };

const truth = (value) => (value ? 1 : 0);
const present = (args, found) => (args.includes(null) ? null : found());
const COMPARED = {
  less: (a, b) => a < b,
  less_equal: (a, b) => a <= b,
  greater: (a, b) => a > b,
  greater_equal: (a, b) => a >= b,
  equal: (a, b) => a === b,
  unequal: (a, b) => a !== b,
};

/** Operations that see what is missing, or texts and moments. */
const OTHERS = {
  and: ([a, b]) => (a === 0 || b === 0 ? 0 : a === null || b === null ? null : 1),
  or: ([a, b]) => (a === 1 || b === 1 ? 1 : a === null || b === null ? null : 0),
  round([value], { with: digits = 0 }) {
    if (value === null) return null;
    const scale = 10 ** Math.abs(digits);
    return finite(digits >= 0 ? even(value * scale) / scale : even(value / scale) * scale) ?? value;
  },
  among: (args, { values }) => present(args, () => truth(values.includes(args[0]))),
  where: ([condition, a, b]) => (condition === null ? null : condition === 1 ? a : b),
  coalesce: (args) => args.find((value) => value !== null) ?? null,
  missing: ([value]) => truth(value === null),
  bucket: (args, { edges, labels }) => present(args, () => labels[edges.filter((edge) => args[0] >= edge).length]),
  cross: (args) => present(args, () => args.join(" \u00d7 ")),
  word: (args) => present(args, () => (args[0] === 1 ? "true" : "false")),
  lookup: ([group], { table, otherwise }) => (group !== null && Object.hasOwn(table, group) ? table[group] : otherwise),
  lower: (args) => present(args, () => args[0].toLowerCase()),
  length: (args) => present(args, () => [...args[0]].length),
  words: (args) => present(args, () => (args[0].match(WORDS) ?? []).length),
  contains: (args, { with: word }) => present(args, () => truth(args[0].includes(word))),
  ...Object.fromEntries(Object.keys(UNITS).map((unit) => [unit, (args) => present(args, () => (args[1] - args[0]) / UNITS[unit])])),
  ...Object.fromEntries(Object.entries(COMPARED).map(([op, test]) => [op, (args) => present(args, () => truth(test(...args)))])),
};
