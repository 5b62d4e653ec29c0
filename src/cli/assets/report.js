"use strict";
/* The page is complete without this: it adds tooltips, lighting up of one layout, and sorting. */
(() => {
  const root = document.documentElement, main = document.querySelector("main");
  root.classList.add("js");

  /* ---- one layout, everywhere ---- */
  let lit = null;
  const light = (id) => {
    if (id === lit) return;
    lit = id;
    main.classList.toggle("lit", id !== null);
    for (const g of document.querySelectorAll(".s")) g.classList.toggle("on", g.dataset.s === id);
  };
  for (const row of document.querySelectorAll("tr[data-s]")) {
    row.addEventListener("mouseenter", () => light(row.dataset.s));
    row.addEventListener("mouseleave", () => light(null));
  }

  /* ---- tooltips ---- */
  const tip = document.body.appendChild(document.createElement("div"));
  tip.id = "tip";
  tip.hidden = true;
  const dot = document.createElementNS("http://www.w3.org/2000/svg", "circle");
  dot.id = "dot";
  dot.setAttribute("r", 4);

  /* The points of a chart: pixels from the path, numbers from data-v. */
  const points = new WeakMap();
  const pointsOf = (svg) => {
    if (points.has(svg)) return points.get(svg);
    const all = [];
    for (const path of svg.querySelectorAll("path[data-v]")) {
      const at = path.getAttribute("d").slice(1).split(/[ML]/), v = path.dataset.v.split(" ");
      const group = path.parentNode;
      at.forEach((p, i) => {
        const [x, y] = p.split(" ").map(Number), [vx, vy] = v[i].split(",").map(Number);
        all.push({ x, y, vx, vy, group });
      });
    }
    points.set(svg, all);
    return all;
  };
  const number = (v) => (v !== 0 && (Math.abs(v) >= 1e5 || Math.abs(v) < 1e-3)) ? v.toExponential(2)
    : String(Number(v.toPrecision(4)));
  const line = (parent, tag, text) => parent.appendChild(Object.assign(document.createElement(tag), { textContent: text }));

  const show = (svg, event) => {
    const box = svg.getBoundingClientRect(), scale = svg.viewBox.baseVal.width / box.width;
    const x = (event.clientX - box.left) * scale, y = (event.clientY - box.top) * scale;
    const [left, top, right, bottom] = svg.dataset.box.split(" ").map(Number);
    let best = null, least = 60 * 60;
    if (x > left - 8 && x < right + 8 && y > top - 8 && y < bottom + 8) {
      for (const p of pointsOf(svg)) {
        const far = (p.x - x) ** 2 + (p.y - y) ** 2;
        if (far < least && p.y >= top - 2 && p.y <= bottom + 2) least = far, best = p;
      }
    }
    if (!best) return hide();
    light(best.group.dataset.s);
    const colour = [...best.group.classList].find((c) => /^c\d$/.test(c));
    tip.replaceChildren();
    tip.className = colour;
    line(tip, "b", best.group.dataset.n);
    line(tip, "div", `${svg.dataset.x} ${number(best.vx)}`);
    line(tip, "div", `${svg.dataset.y.split(",")[0]} ${number(best.vy)}`);
    tip.hidden = false;
    dot.setAttribute("class", colour);
    dot.setAttribute("cx", best.x);
    dot.setAttribute("cy", best.y);
    svg.appendChild(dot);
    const px = box.left + best.x / scale + scrollX, py = box.top + best.y / scale + scrollY;
    const flip = px - scrollX + tip.offsetWidth + 24 > innerWidth;
    tip.style.left = `${flip ? px - tip.offsetWidth - 12 : px + 12}px`;
    tip.style.top = `${py - tip.offsetHeight - 10}px`;
  };
  const hide = () => {
    light(null);
    tip.hidden = true;
    dot.remove();
  };
  for (const svg of document.querySelectorAll("svg.chart")) {
    svg.addEventListener("mousemove", (event) => {
      const label = event.target.closest("text.e");
      if (!label) return show(svg, event);
      hide();
      light(label.parentNode.dataset.s);
    });
    svg.addEventListener("mouseleave", hide);
  }

  /* ---- sorting ---- */
  const key = (row, column) => {
    const cell = row.cells[column], text = cell.dataset.v ?? cell.textContent.trim();
    const n = Number(text.replace("+", ""));
    return text !== "" && !Number.isNaN(n) ? n : text.toLowerCase();
  };
  const compare = (a, b) => typeof a === typeof b ? (a < b ? -1 : a > b ? 1 : 0) : typeof a === "number" ? -1 : 1;
  for (const th of document.querySelectorAll(".sortable thead th:not([data-nosort])")) {
    th.tabIndex = 0;
    const sort = () => {
      const body = th.closest("table").tBodies[0], column = th.cellIndex;
      const down = th.getAttribute("aria-sort") === "ascending";
      for (const other of th.parentNode.cells) other.removeAttribute("aria-sort");
      th.setAttribute("aria-sort", down ? "descending" : "ascending");
      const rows = [...body.rows].sort((a, b) => compare(key(a, column), key(b, column)));
      body.append(...(down ? rows.reverse() : rows));
    };
    th.addEventListener("click", sort);
    th.addEventListener("keydown", (event) => {
      if (event.key === "Enter") sort();
    });
  }
})();
