/* Comfort on top of pages that work without it: local times, sorting and finding in place, what is new, counting what is selected, drag and drop. */
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
  asked({sort: key, order});
  const said = document.querySelector("#sorted");
  if (said) said.textContent = `Sorted by ${link.textContent.trim()}, ${direction}.`;
}

function asked(given) {
  const query = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(given)) value ? query.set(name, value) : query.delete(name);
  history.replaceState(null, "", query.size ? `?${query}` : location.pathname);
}

function finding(form) {
  const board = document.querySelector("table.board");
  const input = form.querySelector("input[type=search]");
  const said = form.querySelector("#found");
  const rows = [...board.querySelectorAll("tbody.standing")];
  if (input.value) return;  // the server has left the other rows out: its own button and link lead on
  form.classList.add("live");
  form.addEventListener("submit", event => event.preventDefault());
  const find = () => {
    const named = input.value.trim().toLocaleLowerCase();
    let count = 0;
    for (const row of rows) {
      const names = [row.querySelector("[data-entry]").dataset.entry, row.querySelector("[data-team]").dataset.team];
      row.hidden = !names.some(name => name.toLocaleLowerCase().includes(named));
      count += !row.hidden;
    }
    board.classList.toggle("found", named !== "");
    said.textContent = named ? `${count} of ${rows.length} rows.` : "";
    asked({q: input.value.trim()});
  };
  input.addEventListener("input", find);
}

function marking(board) {
  const moments = [...board.querySelectorAll("[data-when]")];
  const newest = moments.map(one => one.dataset.when).sort().at(-1);
  if (!newest) return;
  const key = `seen ${location.pathname}`;
  try {
    // what was new stays so while this tab is open, however often its page is loaded
    const before = sessionStorage.getItem(key) ?? localStorage.getItem(key) ?? newest;
    sessionStorage.setItem(key, before);
    const kept = localStorage.getItem(key) ?? "";
    if (!new URLSearchParams(location.search).get("q")) localStorage.setItem(key, newest > kept ? newest : kept);
    for (const one of moments.filter(one => one.dataset.when > before)) fresh(one.closest("tbody"));
  } catch {}  // a browser that keeps nothing shows no badge
}

function fresh(row) {
  const badge = document.createElement("span");
  badge.className = "word fresh";
  badge.title = "since your last visit";
  badge.textContent = "new";
  row.querySelector("a.name").after(" ", badge);
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
document.querySelectorAll("table.board").forEach(marking);
document.querySelectorAll("form.finding").forEach(finding);
document.querySelectorAll("form.comparing").forEach(counting);
document.querySelectorAll("form.handing-in").forEach(dropping);
