/* The labs room: gallery, form, runs. Asks the server for HTML and data (tutor/web/lab_room/room.py), draws with
   figures.js, keeps what was typed, and keeps the address of the page in step, so that it opens again as it was. */
(() => {
  let room = null, server = null, lab = null, watching = 0, last = null, pending = null, filling = null, stopping = false, wake = () => {};
  const part = (name, root = room) => root.querySelector(`[data-part="${name}"]`);
  const asked = () => new URLSearchParams(location.search).has('lab');

  const call = async (what, more = {}) => {
    const answer = await server({ do: what, session: window.tutorSession(), ...more });
    return answer || { said: 'The tutor does not answer. Is it still running? Start it again, then try once more.' };
  };
  const refuse = (text) => {
    const place = part('refusal');
    if (place) place.textContent = text || '';
  };
  const say = (text) => { // for those who listen to the page
    const place = part('status');
    if (place) place.textContent = text;
  };
  const wide = (text) => { // a sentence at the top, where there is no form
    const place = document.createElement('div');
    place.className = 't-notice t-warning';
    place.setAttribute('role', 'alert');
    place.textContent = text;
    room.prepend(place);
  };
  const escaped = (value) => encodeURIComponent(value).replace(/%5B/g, '[').replace(/%5D/g, ']').replace(/%2C/g, ',');

  // ---- the address of the page
  const theme = () => new URLSearchParams(location.search).get('__theme');
  const address = (query, add) => {
    const whole = query + (theme() ? `${query ? '&' : '?'}__theme=${theme()}` : '');
    const url = location.pathname + whole;
    if (url === location.pathname + location.search) return;
    window.history[add ? 'pushState' : 'replaceState']({ labs: true }, '', url);
  };
  const here = (query) => new URL(location.pathname + query, location.href).href;

  // ---- opening
  const gallery = async (add = true) => {
    stopWatching();
    lab = null;
    const answer = await call('gallery');
    room.innerHTML = answer.html || '';
    if (answer.said) wide(answer.said);
    if (add) address('', true);
    part0();
  };
  const part0 = () => {
    room.setAttribute('aria-busy', 'false');
    room.closest('[role="tabpanel"]')?.scrollTo(0, 0);
    dress();
  };
  const open = async (id, params, add = true) => {
    const answer = await call('open', { lab: id, params: params || {} });
    if (!answer.html) { wide(answer.said); return; }
    if (add) {
      const rest = Object.entries(params || {}).map(([k, v]) => `&${k}=${escaped(typeof v === 'string' ? v : JSON.stringify(v))}`);
      address(`?lab=${id}${rest.join('')}`, true);
    }
    show(answer);
  };
  const byAddress = async () => {
    const answer = await call('link', { search: location.search });
    if (answer.lab) show(answer);
    else if (answer.html) { lab = null; room.innerHTML = answer.html; address('', false); part0(); } else await gallery(false);
  };
  const show = (answer) => {
    stopWatching();
    lab = answer.lab;
    last = null;
    room.innerHTML = answer.html;
    part('history').innerHTML = answer.history || '';
    part0();
    refuse(answer.refusal);
    room.querySelector('h2')?.focus({ preventScroll: true });
    if (answer.running) watch();
  };

  // ---- the form
  const dress = () => {
    room.querySelectorAll('input[type="range"]').forEach((slider) => {
      const box = room.querySelector(`#${slider.dataset.for}`);
      const low = Number(slider.dataset.low), high = Number(slider.dataset.high), bend = Number(slider.dataset.bend);
      const value = () => {
        const t = slider.value / 1000;
        const v = bend ? low + (high - low) * t ** bend : low * (high / low) ** t;
        if (slider.value === '1000') return high;
        if (slider.dataset.whole === '1') return Math.round(v > 100 ? Number(v.toPrecision(2)) : v);
        return Number(v.toPrecision(v < 1 ? 2 : 3));
      };
      const place = () => {
        const v = Number(box.value);
        if (box.value.trim() === '' || Number.isNaN(v)) return;
        const t = bend ? ((v - low) / (high - low)) ** (1 / bend) : Math.log(v / low) / Math.log(high / low);
        slider.value = Math.round(1000 * Math.min(1, Math.max(0, t || 0)));
        slider.setAttribute('aria-valuetext', box.value);
        slider.style.setProperty('--t-part', `${slider.value / 10}%`);
      };
      slider.oninput = () => {
        box.value = String(value());
        slider.setAttribute('aria-valuetext', box.value);
        slider.style.setProperty('--t-part', `${slider.value / 10}%`);
      };
      box.oninput = place;
      place();
    });
  };
  const filled = () => {
    const form = {};
    room.querySelectorAll('.t-field').forEach((field) => {
      const kind = field.dataset.kind, one = field.querySelector('.t-one');
      if (kind === 'choices') form[field.dataset.name] = { value: [...field.querySelectorAll('input:checked')].map((i) => i.value) };
      else if (field.classList.contains('t-listing')) form[field.dataset.name] = { value: field.querySelector('.t-list').value, several: true };
      else {
        const input = one.matches('input, select, textarea') ? one : one.querySelector('input[type="text"]');
        form[field.dataset.name] = { value: kind === 'bool' ? input.checked : input.value };
      }
    });
    return form;
  };
  const own = async (input) => { // a file of the student's: its content goes to the server, its new name into the form
    const chosen = input.files[0];
    if (!chosen) return;
    const bytes = new Uint8Array(await chosen.arrayBuffer());
    let text = '';
    for (let at = 0; at < bytes.length; at += 32768) text += String.fromCharCode(...bytes.subarray(at, at + 32768));
    const answer = await call('own', { name: chosen.name, data: btoa(text) });
    input.value = '';
    refuse(answer.said);
    if (answer.csv) room.querySelector('#lab-csv').value = answer.csv;
  };
  const refill = (preset) => (filling = fill(preset));
  const fill = async (preset) => {
    const answer = await call('preset', { lab, preset });
    if (answer.said) { refuse(answer.said); return; }
    part('fields').innerHTML = answer.html;
    refuse('');
    dress();
  };

  // ---- running
  const run = async (guess) => {
    const button = part('run');
    if (button.dataset.state === 'running') { await stop(); return; }
    refuse('');
    button.disabled = true;
    await filling; // a story that was just chosen is still on its way into the form
    try {
      if (guess === undefined && part('guess').checked) {
        const answer = await call('predict', { lab, form: filled() });
        if (answer.said) { refuse(answer.said); return; }
        if (answer.html) {
          part('question').innerHTML = answer.html;
          part('question').querySelector('input, .t-answer')?.focus();
          return;
        }
      }
      const answer = await call('start', { lab, form: filled(), ...(typeof guess === 'string' ? { guess } : {}) });
      if (answer.said) { refuse(answer.said); return; }
      part('question').innerHTML = '';
      address(answer.link, false);
      watch(answer);
    } finally { button.disabled = false; }
  };
  const stop = async () => {
    const button = part('run');
    button.disabled = true;
    button.textContent = 'Stopping …';
    stopping = true;
    await call('stop');
    wake();
  };
  const stopWatching = () => { watching += 1; };
  const busy = (on) => {
    const button = part('run');
    if (!button) return;
    button.disabled = false;
    button.dataset.state = on ? 'running' : 'ready';
    button.textContent = on ? 'Stop' : 'Run';
  };
  const watch = async (first) => {
    const mine = (watching += 1), from = performance.now();
    const place = part('progress');
    place.innerHTML = '<div class="t-live"><progress class="t-bar" max="1"></progress><p><b></b><span></span><time></time></p></div>';
    const [bar, percent, words, clock] = ['progress', 'b', 'span', 'time'].map((s) => place.querySelector(s));
    bar.setAttribute('aria-label', 'Progress of the run');
    busy(true);
    say('The run has started.');
    stopping = false;
    let base = 0, told = from;
    const tick = setInterval(() => { clock.textContent = `${(base + (performance.now() - told) / 1000).toFixed(1)} s`; }, 100);
    let state = first || await call('state');
    if (place.getBoundingClientRect().top > innerHeight - 80) place.scrollIntoView({ block: 'center' });
    try {
      while (mine === watching && state.state === 'running') {
        bar.value = state.fraction;
        percent.textContent = `${Math.round(100 * state.fraction)}%`;
        words.textContent = state.message;
        [base, told] = [state.elapsed, performance.now()];
        const pause = stopping || performance.now() - from < 3000 ? 120 : 400;
        await new Promise((done) => { wake = done; setTimeout(done, pause); });
        state = await call('state');
      }
    } finally { clearInterval(tick); }
    if (mine !== watching) return;
    busy(false);
    place.innerHTML = '';
    if (state.state === 'done') await result(state.run);
    else refuse(state.ended || state.said);
  };

  // ---- results
  const figures = (answer, runs) => {
    room.querySelectorAll('[data-part="result"] .t-figure').forEach((host) => {
      const chart = answer.charts[Number(host.dataset.chart)];
      window.tutorFigure(host, chart, { png: (name) => file({ runs, kind: 'png', chart: name }) });
    });
  };
  const result = async (id, fill) => {
    const answer = await call('result', { run: id, fill: Boolean(fill) });
    if (answer.said) { refuse(answer.said); return; }
    last = { runs: [id], link: answer.link };
    part('result').innerHTML = answer.html;
    part('history').innerHTML = answer.history;
    if (answer.fields) { part('fields').innerHTML = answer.fields; dress(); }
    address(answer.link, false);
    figures(answer, [id]);
    say(`The run has finished. ${answer.title}`);
  };
  const compare = async () => {
    const runs = [...room.querySelectorAll('.t-past input:checked')].map((i) => i.value).reverse();
    const answer = await call('compare', { runs });
    if (answer.said) { refuse(answer.said); return; }
    part('result').innerHTML = `<div class="t-compared"><b></b></div>${answer.html}`;
    part('result').querySelector('.t-compared b').textContent = `${runs.length} runs in one figure`;
    figures(answer, runs);
    say(answer.title);
    part('result').scrollIntoView({ block: 'start', behavior: 'smooth' });
  };
  const file = async (what) => {
    const answer = await call('file', what);
    if (answer.said) { refuse(answer.said); return; }
    const bytes = answer.base64 ? Uint8Array.from(atob(answer.base64), (c) => c.charCodeAt(0)) : answer.text;
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([bytes], { type: answer.type }));
    link.download = answer.name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  };
  const copied = (button, text) => {
    navigator.clipboard.writeText(text).then(() => {
      const before = button.textContent;
      button.textContent = 'Copied';
      setTimeout(() => { button.textContent = before; }, 1500);
    }, () => refuse('The browser did not let me copy. Copy it from the address bar.'));
  };
  const DO = {
    back: () => gallery(),
    reset: () => refill(null),
    'skip-guess': () => run(null),
    compare,
    file: (button) => file({ runs: last.runs, kind: button.dataset.kind }),
    'copy-link': (button) => copied(button, here(last.link)),
    'copy-code': (button) => copied(button, part('core').querySelector('code').textContent),
    ask: async (button) => {
      button.disabled = true;
      const answer = await call('keep', { run: button.parentElement.dataset.run });
      button.disabled = false;
      if (answer.said) refuse(answer.said); else window.tutorAsk(answer.ask);
    },
  };

  const clicked = (event) => {
    const button = event.target.closest('button');
    if (!button || !room.contains(button)) return;
    if (button.dataset.lab) open(button.dataset.lab);
    else if (button.dataset.preset) {
      room.querySelectorAll('.t-story').forEach((story) => story.setAttribute('aria-pressed', String(story === button)));
      refill(Number(button.dataset.preset)).then(() => {
        part('run').focus({ preventScroll: true });
        if (part('run').getBoundingClientRect().bottom > innerHeight) part('run').scrollIntoView({ block: 'end' });
      });
    } else if (button.dataset.open) result(button.dataset.open, true);
    else if (button.dataset.guess !== undefined) run(button.dataset.guess || room.querySelector('#lab-guess').value);
    else if (button.classList.contains('t-several')) {
      const field = button.closest('.t-field'), on = field.classList.toggle('t-listing');
      button.setAttribute('aria-pressed', String(on));
      const list = field.querySelector('.t-list'), one = field.querySelector('.t-number, .t-one');
      if (on && !list.value) list.value = one.type === 'checkbox' ? 'true, false' : one.value;
      (on ? list : one).focus();
    } else if (button.dataset.do) DO[button.dataset.do](button);
  };

  /* The room's element is there: Gradio mounts a tab when it is first opened. */
  window.tutorLabRoom = (element, ask) => {
    server = ask;
    room = element.querySelector('[data-part="room"]');
    room.addEventListener('click', clicked);
    room.addEventListener('submit', (event) => { event.preventDefault(); run(); });
    room.addEventListener('change', (event) => {
      if (event.target.type === 'file') own(event.target);
      if (!event.target.closest('.t-past')) return;
      const button = room.querySelector('[data-do="compare"]');
      if (button) button.disabled = room.querySelectorAll('.t-past input:checked').length < 2;
    });
    room.addEventListener('keydown', (event) => {
      if (event.target.id === 'lab-guess' && event.key === 'Enter') { event.preventDefault(); run(event.target.value); }
    });
    room.addEventListener('toggle', async (event) => {
      const box = event.target;
      if (box.dataset?.part !== 'core' || !box.open || box.dataset.full) return;
      box.dataset.full = '1';
      const answer = await call('code', { lab });
      box.querySelector('.t-core-body').innerHTML = answer.html || '';
      if (answer.said) refuse(answer.said);
    }, true);
    const wish = pending;
    pending = null;
    if (wish) open(...wish);
    else if (asked()) byAddress();
    else gallery(false);
  };
  /* Open a lab with its form filled: from the chat ("change a parameter"), or from anywhere. */
  window.tutorLab = (id, params) => {
    if (server) open(id, params); else pending = [id, params];
    window.tutorRoom('labs');
  };
  window.addEventListener('popstate', () => {
    if (!server) return;
    if (asked()) byAddress(); else if (lab) gallery(false);
  });
  /* An address that names a lab opens the room as soon as its tab is there. */
  if (asked()) {
    const wait = setInterval(() => { if (window.tutorRoom('labs')) clearInterval(wait); }, 60);
    setTimeout(() => clearInterval(wait), 20_000);
  }
})();
