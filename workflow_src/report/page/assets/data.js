"use strict";
// What the page knows, and how it becomes elements: texts are set as texts, always.

const data = JSON.parse(document.getElementById("data").textContent);
const byId = (id) => document.getElementById(id);

// make("li", {className: "true"}, "text", another) -> an element with its children.
function make(tag, properties, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties || {})) {
    if (name.includes("-")) element.setAttribute(name, value);
    else element[name] = value;
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

function fillSelect(select, choices, chosen) {
  select.replaceChildren(
    ...choices.map(([value, text]) => make("option", { value }, text)),
  );
  const values = choices.map(([value]) => String(value));
  select.value = values.includes(String(chosen)) ? chosen : values[0];
}

// Of a metric's name: whether less is better.
const falls = (metric) => /(meanR|medR|rank)$/.test(metric);

const systemName = (own) => (own.tta ? `${own.recipe} + ${own.tta}` : own.recipe);

const number = (value, digits = 1) =>
  value === null || value === undefined ? "–" : value.toFixed(digits).replace("-", "−");

const signed = (value, digits = 1) => (value > 0 ? "+" : "") + number(value, digits);

// Light and dark: as the system says, until somebody presses the button.
{
  const button = byId("theme");
  const dark = () => {
    const chosen = document.documentElement.dataset.theme;
    return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  };
  const show = () => { button.textContent = dark() ? "Light" : "Dark"; };
  button.addEventListener("click", () => {
    document.documentElement.dataset.theme = dark() ? "light" : "dark";
    show();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", show);
  show();
}
