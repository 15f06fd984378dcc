/* Interactive figures: a chart as data (labs/charts.py, chart_data) in, an SVG that answers to pointer and keys out.
   tutorFigure(host, chart, {png}) draws and keeps drawing when the width or the theme changes. Every text goes in as
   text, never as markup. Hover or the arrow keys show values, a drag zooms, the legend hides and shows. */
(() => {
  const NS = 'http://www.w3.org/2000/svg';
  const TONES = 8;
  let clips = 0;

  const el = (name, attrs = {}, parent = null, text = null) => {
    const node = document.createElementNS(NS, name);
    for (const [key, value] of Object.entries(attrs)) if (value !== null && value !== undefined) node.setAttribute(key, value);
    if (text !== null) node.textContent = text;
    if (parent) parent.append(node);
    return node;
  };
  const tag = (name, cls, parent = null, text = null) => {
    const node = document.createElement(name);
    if (cls) node.className = cls;
    if (text !== null) node.textContent = text;
    if (parent) parent.append(node);
    return node;
  };
  const finite = (v) => typeof v === 'number' && Number.isFinite(v);
  const css = (name) => getComputedStyle(document.body).getPropertyValue(name).trim() || '#888';

  // ---- numbers in words
  const short = (v) => {
    if (!finite(v)) return '–';
    const a = Math.abs(v);
    if (a !== 0 && (a >= 1e6 || a < 1e-3)) {
      const [m, e] = v.toExponential(2).split('e');
      return `${Number(m) === 1 ? '' : `${Number(m)}·`}10${[...String(Number(e))].map((c) => '⁰¹²³⁴⁵⁶⁷⁸⁹'['0123456789'.indexOf(c)] || '⁻').join('')}`;
    }
    return a >= 1e4 ? Number(v.toFixed(0)).toLocaleString('en-GB') : String(Number(v.toPrecision(a >= 1000 ? 5 : 4)));
  };
  const shown = (v, percent) => (percent && finite(v) ? `${Number((100 * v).toPrecision(4))}%` : short(v));
  const formatted = (v, format) => {
    if (!format || !finite(v)) return '';
    const found = /\{:(,?)\.(\d+)([fg%])\}/.exec(format);
    if (!found) return short(v);
    if (found[3] === '%') return `${(100 * v).toFixed(Number(found[2]))}%`;
    if (found[3] === 'f') return v.toFixed(Number(found[2]));
    return Math.abs(v) >= 1000 ? short(v) : String(Number(v.toPrecision(Math.max(1, Number(found[2])))));
  };

  // ---- scales
  const scale = (domain, range, log) => {
    const f = log ? Math.log : (v) => v;
    const [a, b] = domain.map(f);
    const to = (v) => range[0] + ((f(v) - a) / ((b - a) || 1)) * (range[1] - range[0]);
    to.back = (p) => {
      const v = a + ((p - range[0]) / ((range[1] - range[0]) || 1)) * (b - a);
      return log ? Math.exp(v) : v;
    };
    return Object.assign(to, { domain, log });
  };
  const ticks = ([low, high], log, count, whole = false) => {
    if (log) {
      const from = Math.floor(Math.log10(low)), to = Math.ceil(Math.log10(high)), out = [];
      const step = Math.max(1, Math.ceil((to - from) / count));
      for (let p = from; p <= to; p += step)
        for (const m of to - from <= 2 ? [1, 2, 5] : [1]) out.push(m * 10 ** p);
      return out.filter((v) => v >= low * 0.999 && v <= high * 1.001);
    }
    const raw = Math.abs(high - low) / count || 1, base = 10 ** Math.floor(Math.log10(raw));
    const out = [];
    let step = [1, 2, 2.5, 5, 10].find((m) => m * base >= raw) * base;
    if (whole) step = Math.max(1, Math.ceil(step));
    for (let v = Math.ceil(Math.min(low, high) / step) * step; v <= Math.max(low, high) + step * 1e-9; v += step)
      out.push(Math.abs(v) < step * 1e-9 ? 0 : Number(v.toPrecision(12)));
    return out;
  };
  const span = (values, log, pad) => {
    const ok = values.filter((v) => finite(v) && (!log || v > 0));
    if (!ok.length) return log ? [0.1, 1] : [0, 1];
    let low = Infinity, high = -Infinity;
    for (const v of ok) { if (v < low) low = v; if (v > high) high = v; }
    if (low === high) return log ? [low / 2, high * 2] : [low - (Math.abs(low) * 0.1 || 0.5), high + (Math.abs(high) * 0.1 || 0.5)];
    if (log) { const room = (high / low) ** pad; return [low / room, high * room]; }
    return [low - pad * (high - low), high + pad * (high - low)];
  };
  const flat = (z) => z.flat(3);

  // ---- what a panel covers
  const domains = (panel) => {
    const grid = panel.layers.find((l) => l.type === 'heatmap');
    if (grid) return [[-0.5, grid.z[0].length - 0.5], [grid.z.length - 0.5, -0.5]];
    const bars = panel.layers.filter((l) => l.type === 'bars');
    const x = [], y = [];
    for (const l of panel.layers) {
      if (l.type === 'bars') {
        const long = l.y.map((v, i) => (finite(v) ? v + Math.sign(v || 1) * ((l.error && l.error[i]) || 0) : 0));
        (l.horizontal ? x : y).push(0, ...long);
      } else if (l.type === 'rule') (l.axis === 'x' ? x : y).push(l.value);
      else if (l.type === 'words') { x.push(l.x); y.push(l.y); }
      else {
        if (Array.isArray(l.x)) x.push(...l.x);
        for (const role of ['y', 'low', 'high']) if (Array.isArray(l[role])) y.push(...l[role]);
      }
    }
    const solid = panel.layers.some((l) => l.type === 'regions' || l.type === 'contour');
    const n = bars.length ? bars[0].names.length : 0, across = bars.length && bars[0].horizontal;
    const dx = n && !across ? [-0.5, n - 0.5] : panel.x_range || span(x, panel.x_scale === 'log', n ? 0.17 : solid ? 0 : 0.015);
    const dy = n && across ? [n - 0.5, -0.5] : panel.y_range || span(y, panel.y_scale === 'log', solid ? 0 : n ? 0.1 : 0.06);
    if (n && !panel.y_range && !across && dy[0] < 0 && Math.min(...y) >= 0) dy[0] = 0;
    if (n && across && dx[0] < 0 && Math.min(...x) >= 0) dx[0] = 0;
    return [dx, dy];
  };

  window.tutorFigure = (host, chart, options = {}) => {
    const hidden = new Set();
    const zooms = chart.panels.map(() => null);
    const order = new Map();
    const tone = (layer) => {
      if (layer.tone === 'muted') return 'var(--t-dim)';
      if (layer.tone === 'ink') return 'var(--t-ink)';
      if (typeof layer.tone === 'number') return `var(--t-c${layer.tone % TONES})`;
      const label = layer.label || '';
      if (!order.has(label)) order.set(label, order.size);
      return `var(--t-c${order.get(label) % TONES})`;
    };
    // Colours are given out once, in reading order, so that hiding a curve never recolours another.
    chart.panels.forEach((p) => p.layers.forEach((l) => { l.colour = tone(l); }));
    const labelled = (panel) => panel.layers.filter((l) => l.label && l.type !== 'rule' && l.type !== 'words');
    const off = (panel, layer) => {
      if (layer.label) return hidden.has(layer.label);
      return ['line', 'band', 'scatter'].includes(layer.type) && typeof layer.tone === 'number'
        && panel.layers.some((o) => o.label && o.tone === layer.tone && hidden.has(o.label));
    };

    host.textContent = '';
    const head = tag('figcaption', 't-fig-head', host);
    tag('strong', '', head, chart.title);
    const tools = tag('span', 't-fig-tools', head);
    const reset = tag('button', 't-quiet', tools, 'Reset zoom');
    reset.type = 'button';
    reset.hidden = true;
    reset.onclick = () => { zooms.fill(null); draw(); };
    if (options.png) {
      const png = tag('button', 't-quiet', tools, 'PNG');
      png.type = 'button';
      png.setAttribute('aria-label', `Download the figure “${chart.title}” as a picture`);
      png.onclick = () => options.png(chart.name);
    }
    const legend = tag('div', 't-legend', host);
    const seen = new Map();
    chart.panels.forEach((p) => labelled(p).forEach((l) => { if (!seen.has(l.label)) seen.set(l.label, l); }));
    if (seen.size > 1) {
      for (const [label, layer] of seen) {
        const button = tag('button', '', legend);
        button.type = 'button';
        button.setAttribute('aria-pressed', 'true');
        const swatch = tag('i', `t-swatch t-${layer.style || layer.type}`, button);
        swatch.style.setProperty('--t-tone', layer.colour);
        tag('span', '', button, label);
        button.onclick = () => {
          if (!hidden.delete(label)) hidden.add(label);
          button.setAttribute('aria-pressed', String(!hidden.has(label)));
          draw();
        };
      }
    } else if (seen.size === 1) tag('span', 't-single', legend, [...seen.keys()][0]);
    const body = tag('div', 't-fig-body', host);
    const tip = tag('div', 't-tip', host);
    tip.setAttribute('aria-live', 'off'); // read out for the keys only
    tip.hidden = true;

    const draw = () => {
      const width = Math.max(220, Math.floor(body.clientWidth));
      const columns = Math.max(1, Math.min(chart.columns, chart.panels.length, Math.floor(width / 240)));
      body.style.gridTemplateColumns = `repeat(${columns}, minmax(0, 1fr))`;
      const wide = Math.floor((width - 14 * (columns - 1)) / columns);
      body.replaceChildren(...chart.panels.map((panel, i) => drawPanel(panel, i, wide, columns)));
      reset.hidden = zooms.every((z) => !z);
      tip.hidden = true;
    };

    const drawPanel = (panel, index, width, columns) => {
      const images = panel.layers.filter((l) => l.type === 'images');
      if (images.length === panel.layers.length && images.length) return drawImages(panel, images, width);
      const grid = panel.layers.find((l) => l.type === 'heatmap');
      const bars = panel.layers.filter((l) => l.type === 'bars');
      const whole = panel.layers.every((l) => !Array.isArray(l.x) || l.type === 'scatter' || l.x.every((v) => Number.isInteger(v)))
        && panel.layers.some((l) => Array.isArray(l.x) && l.x.some((v) => Number.isInteger(v) && v > 1));
      const across = bars.length && bars[0].horizontal;
      const full = domains(panel);
      const [dx, dy] = zooms[index] || full;
      const yNames = grid ? grid.y_names : across ? bars[0].names : null;
      const xNames = grid ? grid.x_names : bars.length && !across ? bars[0].names : null;
      const yTicks = yNames ? [] : ticks(dy, panel.y_scale === 'log', 5);
      const long = Math.max(3, ...(yNames ? yNames.map((n) => Math.min(18, n.length)) : yTicks.map((v) => shown(v, panel.percent).length)));
      const left = (panel.y_label ? 24 : 6) + 8 + 6.6 * long, right = 12;
      const inner = width - left - right;
      const room = xNames && xNames.length ? inner / xNames.length : 0;
      const slant = xNames && xNames.some((n) => 6.4 * n.length > room - 4) && xNames.some((n) => n.length > 2);
      const below = (slant ? 12 + 4.2 * Math.min(18, Math.max(...xNames.map((n) => n.length))) : 22) + (panel.x_label ? 20 : 0);
      const above = panel.title ? 26 : 8;
      let tall = columns > 1 ? Math.min(250, inner * 0.9) : chart.panels.length > 1 ? 190 : 250;
      if (grid) tall = Math.max(Math.min(inner * (grid.z.length / grid.z[0].length), 420), Math.min(120, 26 * grid.z.length));
      if (across) tall = Math.max(120, 24 * bars[0].names.length * Math.max(1, bars.length * 0.6));
      if (panel.equal) tall = Math.min(inner * Math.abs((dy[1] - dy[0]) / (dx[1] - dx[0])), 460);
      if (panel.layers.some((l) => l.type === 'contour' || l.type === 'regions') && !panel.equal) tall = Math.min(inner * 0.82, 340);
      const height = above + tall + below;

      const box = tag('div', 't-panel-box');
      const svg = el('svg', { viewBox: `0 0 ${width} ${height}`, width, height, role: 'img', tabindex: 0, 'aria-label': chart.alt }, null);
      box.append(svg);
      const x = scale(dx, [left, left + inner], panel.x_scale === 'log');
      const y = scale(dy, [above + tall, above], panel.y_scale === 'log');
      const axes = el('g', { class: 't-axes' }, svg);
      if (panel.title) el('text', { x: left, y: 15, class: 't-panel-title' }, axes, fit(panel.title, inner * 0.88));
      if (!grid) for (const v of yTicks) {
        el('line', { x1: left, x2: left + inner, y1: y(v), y2: y(v), class: 't-gridline' }, axes);
        el('text', { x: left - 7, y: y(v) + 4, 'text-anchor': 'end' }, axes, shown(v, panel.percent));
      }
      const named = (names, at, spot) => {
        const every = Math.max(1, Math.ceil(12 / Math.max(1, Math.abs(at(1) - at(0)))));
        names.forEach((n, i) => { if (i % every === 0) spot(n, at(i)); });
      };
      if (yNames) named(yNames, y, (n, p) => el('text', { x: left - 7, y: p + 4, 'text-anchor': 'end' }, axes, fit(n, 122)));
      if (xNames) named(xNames, x, (n, p) => el('text', slant
        ? { x: p, y: above + tall + 13, 'text-anchor': 'end', transform: `rotate(-35 ${p} ${above + tall + 10})` }
        : { x: p, y: above + tall + 16, 'text-anchor': 'middle' }, axes, fit(n, slant ? 122 : Math.max(room, 14) + 6)));
      else for (const v of ticks(dx, panel.x_scale === 'log', Math.max(2, Math.min(7, inner / 70)), whole)) {
        if (across) el('line', { x1: x(v), x2: x(v), y1: above, y2: above + tall, class: 't-gridline' }, axes);
        el('text', { x: x(v), y: above + tall + 16, 'text-anchor': 'middle' }, axes, shown(v, across && panel.percent));
      }
      if (!grid) el('line', { x1: left, x2: left + inner, y1: above + tall, y2: above + tall, class: 't-axis' }, axes);
      if (panel.x_label) el('text', { x: left + inner / 2, y: height - 5, 'text-anchor': 'middle' }, axes, fit(panel.x_label, inner + 20));
      if (panel.y_label) el('text', { x: 0, y: 0, 'text-anchor': 'middle', transform: `translate(12 ${above + tall / 2}) rotate(-90)` }, axes, fit(panel.y_label, tall + 30));

      const id = `t-clip-${(clips += 1)}`;
      const clip = el('clipPath', { id }, svg);
      el('rect', { x: left, y: above, width: inner, height: tall }, clip);
      const plot = el('g', { 'clip-path': `url(#${id})` }, svg);
      const frame = { x, y, left, above, inner, tall, panel, plot };
      panel.layers.forEach((layer) => {
        if (off(panel, layer)) return;
        DRAW[layer.type]?.(layer, frame, bars);
      });
      const cursor = el('g', { class: 't-cursor' }, svg);
      listen(svg, frame, index, full, cursor);
      return box;
    };

    // ---- pointer and keys
    const listen = (svg, frame, index, full, cursor) => {
      const { x, y, left, above, inner, tall, panel } = frame;
      const visible = panel.layers.filter((l) => !off(panel, l));
      const at = (event) => {
        const box = svg.getBoundingClientRect();
        return [event.clientX - box.left, event.clientY - box.top];
      };
      const inside = ([px, py]) => px >= left - 4 && px <= left + inner + 4 && py >= above - 4 && py <= above + tall + 4;
      let start = null, band = null, key = null;
      const show = (px, py) => {
        cursor.replaceChildren();
        const told = tell(visible, frame, px, py, cursor);
        if (!told) { tip.hidden = true; return; }
        tip.replaceChildren();
        if (told.head) tag('b', '', tip, told.head);
        for (const [colour, text] of told.rows) {
          const row = tag('div', '', tip);
          if (colour) tag('i', '', row).style.background = colour;
          tag('span', '', row, text);
        }
        tip.hidden = false;
        const home = host.getBoundingClientRect(), here = svg.getBoundingClientRect();
        const spot = here.left - home.left + px;
        const flip = spot + 16 + tip.offsetWidth > home.width;
        tip.style.left = `${Math.max(0, flip ? spot - tip.offsetWidth - 14 : spot + 14)}px`;
        tip.style.top = `${Math.max(0, here.top - home.top + py - tip.offsetHeight / 2)}px`;
      };
      const hide = () => { tip.hidden = true; cursor.replaceChildren(); };
      svg.addEventListener('pointermove', (event) => {
        tip.setAttribute('aria-live', 'off');
        const p = at(event);
        if (start) {
          band ||= el('rect', { class: 't-zoom' }, svg);
          const [a, b] = [Math.min(start[0], p[0]), Math.max(start[0], p[0])];
          const [c, d] = [Math.min(start[1], p[1]), Math.max(start[1], p[1])];
          const tallEnough = d - c > 24;
          Object.entries({ x: a, width: b - a, y: tallEnough ? c : above, height: tallEnough ? d - c : tall })
            .forEach(([k, v]) => band.setAttribute(k, v));
          return;
        }
        if (inside(p)) show(...p); else hide();
      });
      svg.addEventListener('pointerdown', (event) => {
        const p = at(event);
        if (event.button !== 0 || !inside(p) || panel.layers.some((l) => l.type === 'bars' || l.type === 'heatmap')) { show(...p); return; }
        if (event.pointerType === 'touch') { show(...p); return; }
        start = p;
        svg.setPointerCapture(event.pointerId);
      });
      svg.addEventListener('pointerup', (event) => {
        const from = start, p = at(event);
        start = null;
        band?.remove();
        band = null;
        if (!from || Math.abs(p[0] - from[0]) < 8) return;
        const xs = [x.back(Math.min(from[0], p[0])), x.back(Math.max(from[0], p[0]))];
        const high = Math.abs(p[1] - from[1]) > 24;
        const ys = high ? [y.back(Math.max(from[1], p[1])), y.back(Math.min(from[1], p[1]))] : y.domain;
        zooms[index] = [xs, ys];
        draw();
      });
      svg.addEventListener('pointerleave', () => { if (!start) hide(); });
      svg.addEventListener('dblclick', () => { zooms[index] = null; draw(); });
      svg.addEventListener('blur', hide);
      svg.addEventListener('keydown', (event) => {
        const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
        if (step) {
          event.preventDefault();
          const size = event.shiftKey ? inner / 10 : Math.max(1, inner / 100);
          key = Math.max(left, Math.min(left + inner, (key ?? left + inner / 2) + step * size));
          tip.setAttribute('aria-live', 'polite');
          show(key, above + tall / 2);
        } else if (event.key === '+' || event.key === '=' || event.key === '-') {
          if (panel.layers.some((l) => l.type === 'bars' || l.type === 'heatmap')) return;
          const middle = key ?? left + inner / 2, factor = event.key === '-' ? 2 : 0.5;
          const grown = [middle - (inner * factor) / 2, middle + (inner * factor) / 2].map(x.back);
          zooms[index] = [[Math.max(full[0][0], grown[0]), Math.min(full[0][1], grown[1])], y.domain];
          draw();
          body.children[index].querySelector('svg').focus();
        } else if (event.key === 'Escape') {
          hide();
          if (zooms[index]) { zooms[index] = null; draw(); body.children[index].querySelector('svg').focus(); }
        }
      });
    };

    const drawImages = (panel, layers, width) => {
      const box = tag('div', 't-panel-box');
      if (panel.title) tag('p', 't-panel-name', box, panel.title);
      const row = tag('div', 't-images', box);
      row.setAttribute('role', 'img');
      row.setAttribute('aria-label', chart.alt);
      const size = Math.max(56, Math.min(96, Math.floor(width / Math.min(layers[0].z.length, 10)) - 10));
      for (const layer of layers) {
        const colour = pixels(layer);
        layer.z.forEach((image, i) => {
          const cell = tag('span', '', row);
          const canvas = tag('canvas', '', cell);
          const heat = layer.heat && layer.heat[i], hottest = heat ? Math.max(1e-12, ...flat(heat)) : 1;
          paint(canvas, image[0].length, image.length, (c, r) => colour(image[r][c], heat ? Math.min(1, heat[r][c] / hottest) : 0));
          canvas.style.width = canvas.style.height = `${size}px`;
          if (layer.captions[i]) tag('small', '', cell, layer.captions[i]);
        });
      }
      return box;
    };

    draw();
    let last = body.clientWidth;
    new ResizeObserver(() => {
      if (Math.abs(body.clientWidth - last) < 2 || !body.clientWidth) return;
      last = body.clientWidth;
      draw();
    }).observe(body);
    host.addEventListener('tutor:theme', draw);
    return { draw };
  };

  const fit = (text, room) => {
    const most = Math.max(3, Math.floor(room / 6.1));
    return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
  };

  // ---- layers
  const path = (xs, ys, x, y) => {
    let d = '', pen = false;
    for (let i = 0; i < xs.length; i += 1) {
      const ok = finite(xs[i]) && finite(ys[i]) && (!y.log || ys[i] > 0) && (!x.log || xs[i] > 0);
      if (ok) d += `${pen ? 'L' : 'M'}${x(xs[i]).toFixed(1)} ${Math.max(-4000, Math.min(6000, y(ys[i]))).toFixed(1)}`;
      pen = ok;
    }
    return d;
  };
  const MARKS = {
    o: (r) => `m${-r} 0a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0`,
    s: (r) => `m${-r} ${-r}h${2 * r}v${2 * r}h${-2 * r}z`,
    '^': (r) => `m0 ${-r}l${r} ${1.8 * r}h${-2 * r}z`,
    x: (r) => `m${-r} ${-r}l${2 * r} ${2 * r}m0 ${-2 * r}l${-2 * r} ${2 * r}`,
    '*': (r) => `m0 ${-1.5 * r}l${0.5 * r} ${r}h${r}l${-0.8 * r} ${0.8 * r}l${0.4 * r} ${1.2 * r}l${-1.1 * r} ${-0.8 * r}l${-1.1 * r} ${0.8 * r}l${0.4 * r} ${-1.2 * r}l${-0.8 * r} ${-0.8 * r}h${r}z`,
    _: (r) => `m${-2 * r} 0h${4 * r}`,
  };
  const DRAW = {
    line: (l, f) => {
      el('path', { d: path(l.x, l.y, f.x, f.y), fill: 'none', stroke: l.colour, 'stroke-width': 2, 'stroke-linejoin': 'round',
        'stroke-dasharray': { dashed: '7 4', dotted: '2 4' }[l.style] || null }, f.plot);
      if (l.markers || l.x.length === 1) DRAW.scatter({ ...l, size: 20, marker: 'o' }, f);
    },
    band: (l, f) => {
      const up = path(l.x, l.high, f.x, f.y), down = path([...l.x].reverse(), [...l.low].reverse(), f.x, f.y).replace('M', 'L');
      if (up && down) el('path', { d: `${up}${down}Z`, fill: l.colour, opacity: 0.18 }, f.plot);
    },
    scatter: (l, f) => {
      const r = Math.max(2, Math.sqrt(l.size) * 0.66), mark = MARKS[l.marker] || MARKS.o, open = 'x_'.includes(l.marker);
      let d = '';
      l.x.forEach((v, i) => { if (finite(v) && finite(l.y[i])) d += `M${f.x(v).toFixed(1)} ${f.y(l.y[i]).toFixed(1)}${mark(r)}`; });
      el('path', { d, fill: open ? 'none' : l.colour, stroke: open ? l.colour : l.x.length > 120 ? null : 'var(--t-card)', 'stroke-width': open ? 2 : 0.7, opacity: l.x.length > 120 ? 0.8 : null }, f.plot);
    },
    segments: (l, f) => {
      let d = '';
      l.x.forEach((v, i) => { if (finite(l.low[i]) && finite(l.high[i])) d += `M${f.x(v).toFixed(1)} ${f.y(l.low[i]).toFixed(1)}V${f.y(l.high[i]).toFixed(1)}`; });
      el('path', { d, stroke: l.colour, 'stroke-width': 1, opacity: 0.75 }, f.plot);
    },
    bars: (l, f, all) => {
      const wide = 0.8 / all.length, shift = (all.indexOf(l) - (all.length - 1) / 2) * wide;
      l.y.forEach((v, i) => {
        if (!finite(v)) return;
        const [a, b] = [i + shift - wide * 0.46, i + shift + wide * 0.46], e = l.error && l.error[i];
        const along = l.horizontal ? f.x : f.y, side = l.horizontal ? f.y : f.x;
        const [p, q] = [along(0), along(v)], [s, t] = [side(a), side(b)];
        const rect = l.horizontal
          ? { x: Math.min(p, q), width: Math.abs(q - p), y: Math.min(s, t), height: Math.abs(t - s) }
          : { x: Math.min(s, t), width: Math.abs(t - s), y: Math.min(p, q), height: Math.abs(q - p) };
        el('rect', { ...rect, fill: l.colour, rx: 2 }, f.plot);
        const middle = side(i + shift);
        if (finite(e)) el('path', { d: l.horizontal ? `M${along(v - e)} ${middle}H${along(v + e)}` : `M${middle} ${along(v - e)}V${along(v + e)}`, stroke: 'var(--t-ink)', 'stroke-width': 1.3 }, f.plot);
        const text = formatted(v, l.number_format);
        if (text && Math.abs(t - s) > (l.horizontal ? 9 : 5 * text.length)) el('text', l.horizontal
          ? { x: q + (v < 0 ? -4 : 4), y: middle + 4, 'text-anchor': v < 0 ? 'end' : 'start' }
          : { x: middle, y: (finite(e) ? Math.min(q, along(v + e)) : q) + (v < 0 ? 13 : -4), 'text-anchor': 'middle' }, f.plot, text);
      });
    },
    heatmap: (l, f) => {
      const all = flat(l.z).filter(finite), low = Math.min(...all), high = Math.max(...all), limit = Math.max(Math.abs(low), Math.abs(high)) || 1;
      l.z.forEach((row, r) => row.forEach((v, c) => {
        const share = !finite(v) ? 0 : l.diverging ? v / limit : (v - low) / ((high - low) || 1);
        const colour = l.diverging && share > 0 ? 'var(--t-c1)' : 'var(--t-c0)';
        const [x0, x1, y0, y1] = [f.x(c - 0.5), f.x(c + 0.5), f.y(r - 0.5), f.y(r + 0.5)];
        el('rect', { x: x0, y: Math.min(y0, y1), width: x1 - x0 + 0.4, height: Math.abs(y1 - y0) + 0.4,
          fill: finite(v) ? `color-mix(in srgb, ${colour} ${Math.round(6 + 90 * Math.abs(share))}%, var(--t-card))` : 'var(--t-bg)' }, f.plot);
        const text = formatted(v, l.number_format);
        if (text && x1 - x0 > 6.6 * text.length && Math.abs(y1 - y0) > 13)
          el('text', { x: (x0 + x1) / 2, y: (y0 + y1) / 2 + 4, 'text-anchor': 'middle', class: Math.abs(share) > 0.5 ? 't-on-dark' : '' }, f.plot, text);
      }));
    },
    regions: (l, f) => {
      const count = l.z[0].length, tones = Array.from({ length: TONES }, (_, k) => rgb(css(`--t-c${k}`)));
      raster(l, f, count, l.z.length, (c, r) => [...tones[l.z[r][c] % TONES], 62]);
    },
    contour: (l, f) => {
      const all = flat(l.z).filter(finite), low = Math.min(...all), high = Math.max(...all);
      const level = (v) => {
        const s = (v - low) / ((high - low) || 1);
        return l.log_levels ? (s <= 1e-3 ? 0 : Math.floor(1 + (13 * Math.log(s / 1e-3)) / Math.log(1e3))) / 14 : Math.floor(13.99 * s) / 14;
      };
      const from = rgb(css('--t-card')), to = rgb(css('--t-c0')), n = 240, rows = l.z.length, columns = l.z[0].length;
      const z = (c, r) => { // between four neighbours
        const a = (c / (n - 1)) * (columns - 1), b = (r / (n - 1)) * (rows - 1), i = Math.min(columns - 2, Math.floor(a)), j = Math.min(rows - 2, Math.floor(b));
        const [u, v] = [a - i, b - j];
        return (l.z[j][i] * (1 - u) + l.z[j][i + 1] * u) * (1 - v) + (l.z[j + 1][i] * (1 - u) + l.z[j + 1][i + 1] * u) * v;
      };
      raster(l, f, n, n, (c, r) => {
        const share = 0.06 + 0.7 * level(z(c, r));
        return [...from.map((v, k) => v + (to[k] - v) * share), 255];
      });
    },
    arrows: (l, f) => {
      let d = '';
      l.x.forEach((v, i) => {
        const [a, b] = [f.x(v), f.y(l.y[i])], [c, e] = [f.x(v + l.dx[i]), f.y(l.y[i] + l.dy[i])], size = Math.hypot(c - a, e - b);
        if (size < 1) return;
        const [u, w] = [(4 * (c - a)) / size, (4 * (e - b)) / size];
        d += `M${a} ${b}L${c} ${e}M${c - u - w} ${e - w + u}L${c} ${e}L${c - u + w} ${e - w - u}`;
      });
      el('path', { d, fill: 'none', stroke: l.colour, 'stroke-width': 1.6, 'stroke-linecap': 'round' }, f.plot);
    },
    rule: (l, f) => {
      const p = l.axis === 'x' ? f.x(l.value) : f.y(l.value), up = l.axis === 'x';
      el('path', { d: up ? `M${p} ${f.above}V${f.above + f.tall}` : `M${f.left} ${p}H${f.left + f.inner}`, stroke: l.colour, 'stroke-dasharray': '6 4', 'stroke-width': 1.3 }, f.plot);
      const turn = p > f.left + f.inner * 0.65;
      if (l.label) el('text', up ? { x: p + (turn ? -5 : 5), y: f.above + 12, 'text-anchor': turn ? 'end' : 'start' } : { x: f.left + f.inner - 4, y: p < f.above + 16 ? p + 13 : p - 5, 'text-anchor': 'end' }, f.plot, l.label);
    },
    words: (l, f) => el('text', { x: f.x(l.x) + 5, y: f.y(l.y) - 5, class: 't-said' }, f.plot, l.text),
  };
  const rgb = (colour) => {
    const canvas = document.createElement('canvas').getContext('2d');
    canvas.fillStyle = colour;
    return [1, 3, 5].map((i) => parseInt(canvas.fillStyle.slice(i, i + 2), 16));
  };
  const paint = (canvas, columns, rows, colour) => {
    canvas.width = columns;
    canvas.height = rows;
    const context = canvas.getContext('2d'), data = context.createImageData(columns, rows);
    for (let r = 0; r < rows; r += 1) for (let c = 0; c < columns; c += 1) data.data.set(colour(c, r), 4 * (r * columns + c));
    context.putImageData(data, 0, 0);
    return canvas;
  };
  const raster = (l, f, columns, rows, colour) => { // row 0 is the lowest
    const canvas = paint(document.createElement('canvas'), columns, rows, (c, r) => colour(c, rows - 1 - r));
    const ends = (v) => [v[0], v[v.length - 1]], [x0, x1] = ends(l.x).map(f.x), [y0, y1] = ends(l.y).map(f.y);
    el('image', { href: canvas.toDataURL(), x: x0, y: y1, width: x1 - x0, height: y0 - y1, preserveAspectRatio: 'none' }, f.plot);
  };
  const pixels = (layer) => { // a function from a value (and where it glows) to a colour, for one row of pictures
    const limit = Math.max(1e-12, ...flat(layer.z).filter(finite).map(Math.abs));
    const [ink, plus, minus, warm] = ['--t-ink', '--t-c1', '--t-c0', '--t-c4'].map((name) => rgb(css(name)));
    return (v, glow) => {
      if (layer.diverging) return [...(v > 0 ? plus : minus), 255 * Math.min(1, Math.abs(v) / limit)];
      const strength = Math.max(0, v) / limit;
      return [...ink.map((k, i) => k * (1 - glow) + warm[i] * glow), 255 * Math.min(1, (layer.heat ? 0.75 : 1) * strength + 0.5 * glow)];
    };
  };

  // ---- what stands under the pointer
  const tell = (layers, f, px, py, cursor) => {
    const { x, y, panel } = f;
    const grid = layers.find((l) => l.type === 'heatmap');
    if (grid) {
      const c = Math.round(x.back(px)), r = Math.round(y.back(py));
      const v = grid.z[r] && grid.z[r][c];
      if (v === undefined) return null;
      const name = [grid.y_names[r] ?? `${panel.y_label || 'row'} ${r}`, grid.x_names[c] ?? `${panel.x_label || 'column'} ${c}`].join(' · ');
      return { head: name, rows: [['', shown(v, false)]] };
    }
    const bars = layers.filter((l) => l.type === 'bars');
    if (bars.length) {
      const i = Math.round(bars[0].horizontal ? y.back(py) : x.back(px));
      if (bars[0].names[i] === undefined) return null;
      return { head: bars[0].names[i], rows: bars.map((l) => [l.colour, `${l.label ? `${l.label}: ` : ''}${shown(l.y[i], panel.percent)}`]) };
    }
    const nearest = (l) => {
      let best = -1, gap = Infinity;
      l.x.forEach((v, i) => {
        if (!finite(v) || !finite(l.y[i])) return;
        const g = Math.abs(x(v) - px);
        if (g < gap) { gap = g; best = i; }
      });
      return best;
    };
    const lines = layers.filter((l) => l.type === 'line');
    let point = null, gap = 14;
    for (const l of layers.filter((o) => o.type === 'scatter')) l.x.forEach((v, i) => {
      const g = Math.hypot(x(v) - px, y(l.y[i]) - py);
      if (g < gap) { gap = g; point = [l, i]; }
    });
    if (point) {
      const [l, i] = point;
      el('circle', { cx: x(l.x[i]), cy: y(l.y[i]), r: 7, class: 't-ring' }, cursor);
      return { head: l.label || '', rows: [['', `${panel.x_label || 'x'} ${short(l.x[i])}`], [l.colour, `${panel.y_label || 'y'} ${shown(l.y[i], panel.percent)}`]] };
    }
    if (!lines.length) return null;
    const rows = [];
    let where = null;
    for (const l of lines) {
      const i = nearest(l);
      if (i < 0 || Math.abs(x(l.x[i]) - px) > 30) continue;
      where ??= l.x[i];
      el('circle', { cx: x(l.x[i]), cy: y(l.y[i]), r: 3.6, fill: l.colour, class: 't-dot-on' }, cursor);
      rows.push([l.colour, `${l.label ? `${l.label}: ` : ''}${shown(l.y[i], panel.percent)}`]);
    }
    if (where === null) return null;
    el('path', { d: `M${x(where)} ${f.above}V${f.above + f.tall}`, class: 't-cross' }, cursor);
    return { head: `${panel.x_label ? `${panel.x_label.slice(0, 40)} ` : ''}${short(where)}`, rows: rows.slice(0, 10) };
  };

  // A change of theme repaints what holds colours of its own.
  new MutationObserver(() => {
    document.querySelectorAll('.t-figure').forEach((host) => host.dispatchEvent(new CustomEvent('tutor:theme')));
  }).observe(document.documentElement, { attributes: true, attributeFilter: ['class'], subtree: false });
  document.addEventListener('DOMContentLoaded', () => new MutationObserver(() => {
    document.querySelectorAll('.t-figure').forEach((host) => host.dispatchEvent(new CustomEvent('tutor:theme')));
  }).observe(document.body, { attributes: true, attributeFilter: ['class'] }));
})();
