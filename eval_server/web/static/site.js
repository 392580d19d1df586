/* Comfort on top of pages that work without it: local times, sorting in place, counting what is selected, drag and drop. */
"use strict";

const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || "your time";

function localTimes(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const moment = new Date(time.dateTime);
    if (Number.isNaN(moment.getTime()) || moment.getTimezoneOffset() === 0) continue;
    const said = moment.toLocaleString(undefined, {dateStyle: "medium", timeStyle: "short"});
    if (time.hasAttribute("data-local")) {
      const local = document.createElement("span");
      local.className = "faint";
      local.textContent = ` (${said} ${zone})`;
      time.after(local);
    } else {
      time.title = `${time.title ? time.title + "; " : ""}${said} ${zone}`;
    }
  }
}

function sortable(board) {
  for (const link of board.querySelectorAll("thead th a[data-sort]")) {
    link.addEventListener("click", event => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      sortBy(board, link);
    });
  }
}

function sortBy(board, link) {
  const head = link.closest("th");
  const before = head.getAttribute("aria-sort");
  const direction = before === null ? link.dataset.first : before === "ascending" ? "descending" : "ascending";
  const sign = direction === "ascending" ? 1 : -1;
  const key = link.dataset.sort;
  const rows = [...board.tBodies].filter(body => body.classList.contains("standing"));
  rows.sort((one, other) => {
    const a = one.querySelector(`[data-${key}]`).getAttribute(`data-${key}`);
    const b = other.querySelector(`[data-${key}]`).getAttribute(`data-${key}`);
    if (a === "" || b === "") return (a === "") - (b === "");
    const numbers = [Number(a), Number(b)];
    const order = numbers.some(Number.isNaN) ? a.localeCompare(b) : numbers[0] - numbers[1];
    return sign * order || one.dataset.place - other.dataset.place;
  });
  const first = board.querySelector("tbody.references");
  for (const body of rows) board.insertBefore(body, first);
  for (const other of board.querySelectorAll("thead th[aria-sort]")) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", direction);
  board.classList.toggle("unranked", !(key === "rank" && direction === "ascending"));
  const order = direction === "ascending" ? "asc" : "desc";
  history.replaceState(null, "", `?sort=${key}&order=${order}`);
  const said = document.querySelector("#sorted");
  if (said) said.textContent = `Sorted by ${link.textContent.trim()}, ${direction}.`;
}

function counting(form) {
  const button = form.querySelector("button.compare");
  const boxes = [...form.querySelectorAll("input[name=s]")];
  const count = () => {
    const chosen = boxes.filter(box => box.checked).length;
    button.disabled = chosen < 2;
    button.textContent = chosen < 2 ? "Compare (select two or more)" : `Compare ${chosen} entries`;
  };
  form.addEventListener("change", count);
  window.addEventListener("pageshow", count);
  count();
}

function dropping(form) {
  const zone = form.querySelector(".drop");
  const input = zone.querySelector("input[type=file]");
  for (const kind of ["dragenter", "dragover"]) zone.addEventListener(kind, event => {
    event.preventDefault();
    zone.classList.add("over");
  });
  for (const kind of ["dragleave", "drop"]) zone.addEventListener(kind, () => zone.classList.remove("over"));
  zone.addEventListener("drop", event => {
    event.preventDefault();
    if (event.dataTransfer.files.length !== 1) return;
    input.files = event.dataTransfer.files;
    input.dispatchEvent(new Event("change", {bubbles: true}));
  });
  input.addEventListener("change", () => looked(form, input));
  form.querySelector("[name=scores_as]").addEventListener("change", () => looked(form, input));
}

async function looked(form, input) {
  const place = document.querySelector("#report");
  if (!input.files.length) return;
  const body = new FormData();
  body.append("file", input.files[0]);
  const scale = form.querySelector("[name=scores_as]");
  if (scale.value) body.append("scores_as", scale.value);
  place.textContent = "Checking…";
  try {
    const answer = await fetch(form.querySelector("button.check").formAction, {method: "POST", body});
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    place.replaceChildren(...(page.querySelector("#report") || page.querySelector("main")).childNodes);
  } catch {
    place.textContent = "The check did not reach the server; the file can still be submitted.";
  }
}

localTimes(document);
document.querySelectorAll("table.board").forEach(sortable);
document.querySelectorAll("form.comparing").forEach(counting);
document.querySelectorAll("form.handing-in").forEach(dropping);
