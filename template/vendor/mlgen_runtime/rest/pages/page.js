// The form of the page: read each control as the contract's type, ask /predict, show the answer or what is wrong where.
// Predictions that are objects with a number called `prediction` are drawn as a line, and all of them are listed.
"use strict";

const form = document.getElementById("try");
const place = document.getElementById("answer");

function node(tag, text, name) {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  if (name) made.className = name;
  return made;
}

// The JSON value of a control. Text that is no number is sent as it is: the service says what is wrong with it.
function valueOf(control) {
  const text = control.value;
  const missing = control.selectedOptions ? control.selectedOptions[0].dataset.missing : text.trim() === "";
  if (missing && control.dataset.nullable === "true") return null;
  if (control.dataset.type === "boolean") return text === "true";
  if (control.dataset.type === "number" || control.dataset.type === "integer") {
    const number = Number(text);
    return text.trim() !== "" && Number.isFinite(number) ? number : text;
  }
  return text;
}

// The value of an option, or undefined where it is left empty.
function optionOf(control) {
  if (control.dataset.option === "boolean") return control.value ? control.value === "true" : undefined;
  const words = control.value.split(",").map((word) => word.trim()).filter(Boolean);
  const numbers = words.map((word) => (Number.isFinite(Number(word)) ? Number(word) : word));
  if (!words.length) return undefined;
  return control.dataset.option === "array" ? numbers : numbers[0];
}

function body() {
  const text = form.querySelector("[data-records]");
  const controls = [...form.querySelectorAll("[data-type]")];
  const record = Object.fromEntries(controls.map((control) => [control.name, valueOf(control)]));
  const asked = { records: text ? JSON.parse(text.value) : controls.length ? [record] : [] };
  for (const control of form.querySelectorAll("[data-option]")) asked[control.name] = optionOf(control);
  return JSON.stringify(asked);
}

function clear() {
  place.replaceChildren();
  for (const control of form.querySelectorAll("[data-type], [data-option]")) {
    control.removeAttribute("aria-invalid");
    document.getElementById(control.id + "-fault").textContent = "";
  }
}

// Faults of a field stand under the field; all others in one line.
function refuse(detail) {
  const faults = Array.isArray(detail) ? detail : [{ loc: [], msg: String(detail) }];
  let first = null;
  for (const fault of faults) {
    const [kind, name] = fault.loc[1] === "records" ? ["[data-type]", fault.loc[3]] : ["[data-option]", fault.loc[1]];
    const control = [...form.querySelectorAll(kind)].find((each) => each.name === name);
    if (control) {
      control.setAttribute("aria-invalid", "true");
      document.getElementById(control.id + "-fault").textContent = fault.msg;
      first = first || control;
    } else {
      place.append(node("p", fault.msg, "wrong"));
    }
  }
  if (first) first.focus();
}

// The namespace of pictures, as the browser itself writes it.
const holder = document.createElement("div");
holder.innerHTML = "<svg></svg>";
const PICTURE = holder.firstChild.namespaceURI;

function drawn(tag, attributes, text) {
  const made = document.createElementNS(PICTURE, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

// One line over its moments, the outermost quantiles as a band around it.
function chart(rows, time) {
  const [width, height, left, edge] = [440, 200, 60, 26];
  const quantiles = Object.keys(rows[0]).filter((name) => name.startsWith("quantile_"));
  const ends = quantiles.length > 1 ? [quantiles[0], quantiles[quantiles.length - 1]] : [];
  const values = rows.flatMap((row) => ["prediction", ...ends].map((name) => row[name]));
  const low = Math.min(...values), span = Math.max(...values) - low || 1;
  const x = (step) => (left + ((width - left - 8) * step) / Math.max(rows.length - 1, 1)).toFixed(1);
  const y = (value) => (height - edge - ((height - edge - 12) * (value - low)) / span).toFixed(1);
  const line = (name) => rows.map((row, step) => `${x(step)},${y(row[name])}`);
  const picture = drawn("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", class: "chart" });
  picture.append(drawn("title", {}, `Prediction from ${rows[0][time]} to ${rows[rows.length - 1][time]}`));
  if (ends.length) {
    picture.append(drawn("polygon", { class: "band", points: [...line(ends[0]), ...line(ends[1]).reverse()].join(" ") }));
  }
  picture.append(drawn("polyline", { class: "line", points: line("prediction").join(" ") }));
  picture.append(drawn("text", { x: 0, y: 16 }, (low + span).toPrecision(4)));
  picture.append(drawn("text", { x: 0, y: height - edge }, low.toPrecision(4)));
  picture.append(drawn("text", { x: left, y: height - 4 }, rows[0][time]));
  picture.append(drawn("text", { x: width - 8, y: height - 4, "text-anchor": "end" }, rows[rows.length - 1][time]));
  return picture;
}

function listed(rows, names) {
  const table = node("table"), head = node("tr"), top = node("thead"), lines = node("tbody");
  const frame = node("div", undefined, "scroll");
  head.append(...names.map((name) => node("th", name)));
  top.append(head);
  for (const row of rows) {
    const line = node("tr");
    line.append(...names.map((name) => node("td", String(row[name]), "w")));
    lines.append(line);
  }
  table.append(top, lines);
  frame.append(table);
  return frame;
}

// Objects: the column before `prediction` is its moment, those before it say which line it belongs to.
function objects(rows) {
  const names = Object.keys(rows[0]);
  const place = names.indexOf("prediction");
  if (place < 1) return [listed(rows, names)];
  const lines = new Map();
  for (const row of rows) {
    const name = names.slice(0, place - 1).map((each) => row[each]).join(", ");
    lines.set(name, [...(lines.get(name) || []), row]);
  }
  const shown = [];
  for (const [name, line] of [...lines].slice(0, 6)) {
    if (name) shown.push(node("h3", name));
    shown.push(chart(line, names[place - 1]));
  }
  return [...shown, listed(rows, lines.size > 1 ? names : names.slice(place - 1))]; // one line is named above
}

// What each input adds to where the sum begins, the largest first.
function explained(found) {
  const values = Object.entries(found.shap_values).sort((one, other) => Math.abs(other[1]) - Math.abs(one[1]));
  const rows = values.map(([input, value]) => ({ input, adds: (value < 0 ? "" : "+") + value.toPrecision(4) }));
  const sum = values.reduce((total, each) => total + each[1], found.base_value).toPrecision(4);
  const what = "class" in found ? `the log-odds of ${found.class}` : "the prediction";
  const begins = `Each input adds to ${what}, from ${found.base_value.toPrecision(4)} to ${sum}:`;
  return [node("p", begins), listed(rows, ["input", "adds"])];
}

function show(answer) {
  const box = node("div", undefined, "result");
  const first = answer.predictions[0];
  if (first !== null && typeof first === "object") box.append(...objects(answer.predictions));
  else box.append(node("p", String(first), "value"));
  if (answer.intervals) {
    const { low, high } = answer.intervals[0];
    box.append(node("p", `between ${low} and ${high}`));
  }
  if (answer.probabilities) {
    const shares = Object.entries(answer.probabilities[0]).sort((one, other) => other[1] - one[1]);
    for (const [label, share] of shares) {
      const bar = node("div", undefined, "bar");
      const progress = node("progress");
      progress.max = 1;
      progress.value = share;
      progress.setAttribute("aria-label", label);
      bar.append(node("span", label), progress, node("output", (100 * share).toFixed(1) + " %"));
      box.append(bar);
    }
  }
  if (answer.explanations) box.append(...explained(answer.explanations[0]));
  const { predictions, intervals, probabilities, explanations, model_version, request_id, ...more } = answer;
  const facts = Object.entries(more).map(([name, value]) => `${name.replaceAll("_", " ")} ${value}, `).join("");
  box.append(node("small", `${facts}version ${model_version}, request ${request_id}`));
  place.append(box);
  box.scrollIntoView({ block: "nearest" });
}

async function ask(event) {
  event.preventDefault();
  clear();
  const headers = { "content-type": "application/json" };
  const key = document.getElementById("api-key");
  if (key && key.value) headers["x-api-key"] = key.value;
  const button = form.querySelector("button[type=submit]");
  button.disabled = true;
  try {
    const response = await fetch("predict", { method: "POST", headers, body: body() });
    const answer = await response.json();
    if (response.ok) show(answer);
    else refuse(answer.detail);
  } catch (error) {
    const unread = error instanceof SyntaxError;
    refuse(unread ? `The records are no JSON: ${error.message}` : "The service did not answer; is it still running?");
  } finally {
    button.disabled = false;
  }
}

if (form) {
  form.addEventListener("submit", ask);
  form.addEventListener("reset", () => setTimeout(clear));
}
