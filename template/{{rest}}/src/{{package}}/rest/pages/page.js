// The form of the page: read each control as the contract's type, ask /predict, show the answer or what is wrong where.
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

function clear() {
  place.replaceChildren();
  for (const control of form.querySelectorAll("[data-type]")) {
    control.removeAttribute("aria-invalid");
    document.getElementById(control.id + "-fault").textContent = "";
  }
}

// Faults of a field stand under the field; all others in one line.
function refuse(detail) {
  const faults = Array.isArray(detail) ? detail : [{ loc: [], msg: String(detail) }];
  let first = null;
  for (const fault of faults) {
    const control = [...form.querySelectorAll("[data-type]")].find((each) => each.name === fault.loc[3]);
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

function show(answer) {
  const box = node("div", undefined, "result");
  box.append(node("p", String(answer.predictions[0]), "value"));
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
  box.append(node("small", `version ${answer.model_version}, request ${answer.request_id}`));
  place.append(box);
  box.scrollIntoView({ block: "nearest" });
}

async function ask(event) {
  event.preventDefault();
  clear();
  const record = {};
  for (const control of form.querySelectorAll("[data-type]")) record[control.name] = valueOf(control);
  const headers = { "content-type": "application/json" };
  const key = document.getElementById("api-key");
  if (key && key.value) headers["x-api-key"] = key.value;
  const button = form.querySelector("button[type=submit]");
  button.disabled = true;
  try {
    const response = await fetch("predict", { method: "POST", headers, body: JSON.stringify({ records: [record] }) });
    const answer = await response.json();
    if (response.ok) show(answer);
    else refuse(answer.detail);
  } catch (error) {
    refuse("The service did not answer; is it still running?");
  } finally {
    button.disabled = false;
  }
}

if (form) {
  form.addEventListener("submit", ask);
  form.addEventListener("reset", () => setTimeout(clear));
}
