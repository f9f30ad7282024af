// The script of a timeline's page, as text: it runs in a browser, which takes it from the page itself. It reads the
// `PackedSpans` that the page embeds, and puts text into the page as text only, never as HTML.

/** Draws the bars on a canvas, and tells about the one under the pointer or chosen with the keys. */
export const timelineScript = String.raw`
'use strict';
(() => {
  const run = JSON.parse(document.getElementById('run').textContent);
  const element = (id) => document.getElementById(id);
  const [plot, canvas, axis, labels] = ['plot', 'canvas', 'axis', 'labels'].map(element);
  const [selection, mark, tip, controls] = ['selection', 'mark', 'tip', 'controls'].map(element);
  const total = Math.max(run.durationMs, 0.001);
  const { task, first, width, start, duration } = run.columns;
  const count = task.length;
  const startMs = new Float64Array(count);
  const failed = pairs(run.failed);
  const runs = pairs(run.runs);
  const axisHeight = 20;

  const lanes = [];
  const laneCount = run.rows.reduce((sum, row) => sum + row.lanes.length, 0);
  const laneHeight = Math.max(1, Math.min(18, Math.floor(12000 / laneCount)));
  const barHeight = laneHeight > 6 ? laneHeight - 2 : laneHeight;
  let from = 0;
  let to = total;
  let chosen = -1;

  layOut();
  addEventListener('resize', draw);
  draw();
  controls.hidden = false;

  function pairs(list) {
    const map = new Map();
    for (let at = 0; at < list.length; at += 2) map.set(list[at], list[at + 1]);
    return map;
  }

  function layOut() {
    let at = 0;
    let labelEnd = 0;
    for (const [position, row] of run.rows.entries()) {
      const top = axisHeight + lanes.length * laneHeight;
      if (top >= labelEnd) {
        const label = document.createElement('div');
        label.textContent = label.title = row.worker;
        label.style.top = top + Math.max(0, (Math.min(laneHeight * row.lanes.length, 18) - 13) / 2) + 'px';
        labels.append(label);
        labelEnd = top + 12;
      }
      for (const length of row.lanes) {
        let microseconds = 0;
        for (let index = at; index < at + length; index += 1) {
          microseconds += start[index];
          startMs[index] = microseconds / 1000;
        }
        const isShaded = position % 2 === 1;
        lanes.push({ worker: row.worker, isShaded, top: axisHeight + lanes.length * laneHeight, at, end: at + length });
        at += length;
      }
    }
    canvas.style.height = axisHeight + lanes.length * laneHeight + 'px';
  }

  function draw() {
    const height = axisHeight + lanes.length * laneHeight;
    const shown = plot.clientWidth;
    // Canvases have a greatest size.
    const density = Math.min(devicePixelRatio || 1, 30000 / height);
    canvas.width = Math.max(1, Math.round(shown * density));
    canvas.height = Math.round(height * density);
    const pen = canvas.getContext('2d');
    pen.setTransform(density, 0, 0, density, 0, 0);
    pen.font = '11px system-ui, sans-serif';
    pen.textBaseline = 'middle';
    for (const lane of lanes) drawLane(pen, lane, shown);
    drawAxis(shown);
    if (chosen >= 0) tell(chosen);
  }

  function drawLane(pen, lane, shown) {
    const scale = shown / (to - from);
    if (lane.isShaded) {
      pen.globalAlpha = 0.1;
      pen.fillStyle = '#808080';
      pen.fillRect(0, lane.top - 1, shown, laneHeight);
    }
    // Bars that share a column of pixels are one bar, as dark as the column is busy, of the longest one's colour.
    let column = -1, busy = 0, longest = 0, color = '';
    const finish = () => {
      if (busy > 0) {
        pen.globalAlpha = 0.4 + 0.6 * Math.min(1, busy);
        pen.fillStyle = color;
        pen.fillRect(column, lane.top, 1, barHeight);
      }
      busy = longest = 0;
    };
    const failures = [];
    for (let index = lane.at; index < lane.end; index += 1) {
      const x = (startMs[index] - from) * scale;
      const long = (duration[index] / 1000) * scale;
      if (x + long < 0 || x > shown) continue;
      if (failed.has(index)) failures.push(x, long);
      if (long >= 1.5) {
        finish();
        pen.globalAlpha = 1;
        pen.fillStyle = run.tasks[task[index]].color;
        pen.fillRect(x, lane.top, Math.max(1, long - 0.5), barHeight);
        if (long > 40 && barHeight >= 12) drawName(pen, run.tasks[task[index]].name, lane, x, long, shown);
        continue;
      }
      if (Math.floor(x) !== column) finish();
      column = Math.floor(x);
      busy += Math.max(long, 0.05);
      if (long >= longest) {
        longest = long;
        color = run.tasks[task[index]].color;
      }
    }
    finish();
    pen.globalAlpha = 1;
    pen.fillStyle = '#e5002b';
    for (let at = 0; at < failures.length; at += 2) {
      const tall = Math.ceil(barHeight / 4);
      pen.fillRect(failures[at], lane.top + barHeight - tall, Math.max(2, failures[at + 1] - 0.5), tall);
    }
  }

  function drawName(pen, name, lane, x, long, shown) {
    const left = Math.max(x, 0) + 4;
    const room = Math.min(x + long, shown) - left - 4;
    let text = name.length > 200 ? name.slice(0, 200) : name;
    if (room < 24) return;
    if (pen.measureText(text).width > room) {
      const fitting = Math.floor((text.length * room) / pen.measureText(text).width) - 1;
      if (fitting < 3) return;
      text = text.slice(0, fitting) + '…';
    }
    pen.fillStyle = '#000c';
    pen.fillText(text, left, lane.top + barHeight / 2 + 0.5);
  }

  function drawAxis(shown) {
    const steps = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 15e3, 3e4, 6e4, 12e4, 3e5, 6e5, 9e5, 18e5];
    const wanted = ((to - from) / shown) * 90;
    let step = steps.find((step) => step >= wanted);
    if (wanted < 0.5) step = 10 ** Math.ceil(Math.log10(wanted));
    if (step === undefined) step = 3600e3 * Math.ceil(wanted / 3600e3);
    const ticks = [];
    for (let at = Math.ceil(from / step) * step; at <= to; at += step) {
      const tick = document.createElement('div');
      tick.style.left = ((at - from) / (to - from)) * 100 + '%';
      tick.textContent = time(at, step);
      ticks.push(tick);
    }
    axis.replaceChildren(...ticks);
  }

  /** Precise to the step, or to four digits. */
  function time(ms, step) {
    if (ms >= 60e3) {
      const minutes = Math.floor(ms / 60e3);
      const seconds = ms / 1e3 - minutes * 60;
      const clock = minutes < 60 ? minutes + ' min' : Math.floor(minutes / 60) + ' h ' + (minutes % 60) + ' min';
      const digits = step === undefined || step >= 1e3 ? 0 : Math.min(6, 3 - Math.floor(Math.log10(step)));
      return step >= 60e3 ? clock : clock + ' ' + seconds.toFixed(digits) + ' s';
    }
    const inSeconds = step === undefined ? ms >= 1e3 : to >= 1e3 && step >= 1;
    const value = inSeconds ? ms / 1e3 : ms;
    if (step === undefined) return Number(value.toPrecision(4)) + (inSeconds ? ' s' : ' ms');
    const digits = Math.max(0, -Math.floor(Math.log10(inSeconds ? step / 1e3 : step)));
    return value.toFixed(Math.min(6, digits)) + (inSeconds ? ' s' : ' ms');
  }

  function laneOf(index) {
    return lanes.find((lane) => index < lane.end);
  }

  function describe(index) {
    const { name, isMapped } = run.tasks[task[index]];
    const runCount = runs.get(index) ?? width[index];
    const last = first[index] + width[index] - 1;
    const range = width[index] === 1 ? first[index] : first[index] + '–' + last;
    const which = isMapped ? ' [' + range + ']' : '';
    const failures = failed.get(index) ?? 0;
    const number = (count) => (count === 0 ? 'none' : count.toLocaleString('en'));
    const one = failures > 0 ? 'Failed' : 'Did not fail';
    const state = runCount === 1 ? one : number(runCount) + ' task runs, ' + number(failures) + ' failed';
    const when = 'Started at ' + time(startMs[index]) + ', took ' + time(duration[index] / 1000);
    return [name + which, laneOf(index).worker, when, state].join('\n');
  }

  function tell(index) {
    chosen = index;
    mark.hidden = tip.hidden = index < 0;
    if (index < 0) return;
    const shown = plot.clientWidth;
    const scale = shown / (to - from);
    const lane = laneOf(index);
    const left = Math.max(0, (startMs[index] - from) * scale);
    const right = Math.min(shown, (startMs[index] + duration[index] / 1000 - from) * scale);
    if (left > shown || right < 0) {
      mark.hidden = tip.hidden = true;
      return;
    }
    mark.style.left = left - 2 + 'px';
    mark.style.width = Math.max(1, right - left) + 4 + 'px';
    mark.style.top = lane.top - 2 + 'px';
    mark.style.height = barHeight + 4 + 'px';
    const text = describe(index);
    if (tip.textContent !== text) tip.textContent = text;
    tip.style.left = Math.max(0, Math.min(left, shown - tip.offsetWidth)) + 'px';
    const below = lane.top + laneHeight + 6;
    const isLow = plot.getBoundingClientRect().top + below + tip.offsetHeight > innerHeight;
    tip.style.top = (isLow && lane.top > tip.offsetHeight + 6 ? lane.top - tip.offsetHeight - 6 : below) + 'px';
  }

  function timeAt(x) {
    return from + (x / plot.clientWidth) * (to - from);
  }

  /** The bar at a place: the shortest of those there, or the nearest one if it is very near; -1 for none. */
  function barAt(x, y) {
    return nearest(lanes[Math.floor((y - axisHeight) / laneHeight)], timeAt(x), ((to - from) / plot.clientWidth) * 3);
  }

  function nearest(lane, ms, toleranceMs) {
    let best = -1;
    let bestAway = toleranceMs;
    if (lane === undefined) return best;
    for (let index = lane.at; index < lane.end; index += 1) {
      const away = Math.max(0, startMs[index] - ms, ms - startMs[index] - duration[index] / 1000);
      const isShorter = best >= 0 && away === bestAway && duration[index] < duration[best];
      if (away < bestAway || isShorter || (best < 0 && away === bestAway)) [best, bestAway] = [index, away];
    }
    return best;
  }

  function show(newFrom, newTo) {
    const length = Math.min(total, Math.max(newTo - newFrom, total / 1e5, 0.01));
    from = Math.max(0, Math.min(newFrom, total - length));
    to = from + length;
    draw();
  }

  function zoom(factor, center = (from + to) / 2) {
    show(center - (center - from) * factor, center + (to - center) * factor);
  }

  const deeds = {
    in: () => zoom(0.5),
    out: () => zoom(2),
    earlier: () => show(from - (to - from) / 2, to - (to - from) / 2),
    later: () => show(from + (to - from) / 2, to + (to - from) / 2),
    all: () => show(0, total),
  };
  controls.addEventListener('click', (event) => deeds[event.target.dataset.do]?.());

  /** Chooses with the keys: brings the bar into view. */
  function choose(index) {
    if (index < 0) return;
    const length = to - from;
    const end = startMs[index] + duration[index] / 1000;
    if (startMs[index] < from || Math.min(end, startMs[index] + length / 2) > to) {
      show(startMs[index] - length / 4, startMs[index] + (length * 3) / 4);
    }
    tell(index);
    mark.scrollIntoView({ block: 'nearest' });
  }

  function step(by) {
    if (chosen < 0) return choose(nearest(lanes[0], from, Infinity));
    const lane = laneOf(chosen);
    choose(Math.max(lane.at, Math.min(lane.end - 1, chosen + by)));
  }

  function change(by) {
    if (chosen < 0) return step(0);
    const position = Math.max(0, Math.min(lanes.length - 1, lanes.indexOf(laneOf(chosen)) + by));
    choose(nearest(lanes[position], startMs[chosen], Infinity));
  }

  const keys = {
    ArrowLeft: () => step(-1),
    ArrowRight: () => step(1),
    ArrowUp: () => change(-1),
    ArrowDown: () => change(1),
    '+': () => zoom(0.5, chosen < 0 ? undefined : startMs[chosen]),
    '-': () => zoom(2, chosen < 0 ? undefined : startMs[chosen]),
    0: () => deeds.all(),
    Escape: () => tell(-1),
  };
  plot.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !Object.hasOwn(keys, event.key)) return;
    event.preventDefault();
    keys[event.key]();
  });

  let dragFrom;
  const place = (event) => {
    const box = plot.getBoundingClientRect();
    return [Math.max(0, Math.min(box.width, event.clientX - box.left)), event.clientY - box.top];
  };
  plot.addEventListener('pointerdown', (event) => {
    if (event.button !== 0) return;
    dragFrom = place(event)[0];
    plot.setPointerCapture(event.pointerId);
  });
  plot.addEventListener('pointermove', (event) => {
    const [x, y] = place(event);
    if (dragFrom === undefined) return tell(barAt(x, y));
    selection.hidden = Math.abs(x - dragFrom) < 4;
    selection.style.left = Math.min(x, dragFrom) + 'px';
    selection.style.width = Math.abs(x - dragFrom) + 'px';
  });
  plot.addEventListener('pointerup', (event) => {
    const [x, y] = place(event);
    const ends = [timeAt(Math.min(x, dragFrom ?? x)), timeAt(Math.max(x, dragFrom ?? x))];
    const isDrag = !selection.hidden;
    endDrag();
    if (isDrag) show(...ends);
    else tell(barAt(x, y));
  });
  function endDrag() {
    selection.hidden = true;
    dragFrom = undefined;
  }
  plot.addEventListener('pointercancel', endDrag);
  plot.addEventListener('pointerleave', () => dragFrom === undefined && document.activeElement !== plot && tell(-1));
  plot.addEventListener('blur', () => tell(-1));
})();
`;
