// The form of index.html, from the contract and an example; the model runs here, in the browser. Where the page was
// opened as a file this script is never run, and what index.html says about that stays.

import { Model } from "./reader.mjs";

const RUNTIME = "./node_modules/onnxruntime-web/dist/ort.wasm.bundle.min.mjs";
const LISTED = 30; // more categories than these are typed, with suggestions

const place = (id) => document.getElementById(id);
const json = async (name) => (await fetch(name)).json();

/** An element with attributes and children. */
function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** A label, a control and a hint for one column. */
function field(name, column, value, at) {
  const id = `f${at}`;
  const shown = value === null || value === undefined ? "" : String(value);
  const categories = column.type === "boolean" ? ["true", "false"] : (column.categories ?? []);
  let control = element("input", { id, name, value: shown, autocomplete: "off", "data-type": column.type });
  const parts = [];
  if (categories.length && categories.length <= LISTED) {
    control = element("select", { id, name, "data-type": column.type });
    control.append(...categories.map((text) => element("option", text === shown ? { value: text, selected: "" } : { value: text }, text)));
    if (column.nullable) control.prepend(element("option", { value: "" }, "(missing)"));
  } else if (categories.length) {
    control.setAttribute("list", `${id}-list`);
    parts.push(element("datalist", { id: `${id}-list` }, ...categories.map((text) => element("option", { value: text }))));
  } else if (["number", "integer"].includes(column.type)) {
    control.setAttribute("inputmode", "decimal");
  }
  const range = column.minimum !== undefined && column.maximum !== undefined ? `${column.minimum} to ${column.maximum} in training` : "";
  const hint = [column.unit ? `in ${column.unit}` : "", column.format ? `written as ${column.format}` : "", range].filter(Boolean).join("; ");
  return element("div", { class: "field" }, element("label", { for: id }, name), control, ...parts, element("small", {}, hint));
}

/** What was found: the prediction, and a bar for each class or the ends of the interval. */
function shown(answer) {
  const rest = Object.entries(answer).filter(([name]) => name !== "prediction");
  const bars = rest.map(([name, value]) => {
    const label = name.replace(/^probability_/, "").replace(/^prediction_/, "");
    const bar = name.startsWith("probability_") ? element("progress", { max: 1, value }) : element("span");
    return element("div", { class: "bar" }, element("span", {}, label), bar, element("output", { "data-name": name }, String(value)));
  });
  return [element("div", { class: "result" }, element("p", { class: "value" }, String(answer.prediction)), ...bars)];
}

async function start() {
  place("unserved").remove();
  place("trial").hidden = false;
  place("about").textContent = "The model is being loaded.";
  const [contract, example, report] = await Promise.all(["contract.json", "example.json", "parity.json"].map(json));
  const target = Object.keys(contract.columns).find((name) => contract.columns[name].role === "target");
  document.title = place("title").textContent = report.model.name;
  place("about").textContent = `Predicts ${target}. The model (${report.model.kind}, version ${report.model.version}) runs in this page: what you type stays on this machine.${report.model.rule ? ` ${report.model.rule}.` : ""}`;
  place("fields").append(...Object.entries(example[0]).map(([name, value], at) => field(name, contract.columns[name], value, at)));
  const ort = await import(RUNTIME).catch(() => {
    throw new Error("onnxruntime-web is not in node_modules: run `npm ci` in this folder, then reload the page");
  });
  const model = await Model.load(new URL(".", import.meta.url), ort);
  await model.predict(example); // the first answer takes longer: WebAssembly is compiled
  const button = place("try").querySelector("[type=submit]");
  button.disabled = false;
  place("try").addEventListener("reset", () => place("answer").replaceChildren());
  place("try").addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    try {
      const row = Object.fromEntries([...place("fields").querySelectorAll("[name]")].map((control) => [control.name, control.value]));
      const begun = performance.now();
      const [answer] = await model.predict([row]);
      place("answer").replaceChildren(...shown(answer));
      place("facts").textContent = `Answered in ${(performance.now() - begun).toFixed(2)} ms.`;
    } catch (error) {
      place("answer").replaceChildren(element("p", { class: "wrong" }, error.message));
    } finally {
      button.disabled = false;
    }
  });
}

start().catch((error) => {
  place("about").textContent = "";
  place("answer").replaceChildren(element("p", { class: "wrong" }, error.message));
});
