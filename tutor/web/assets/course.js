/* The course room: opens places, keeps the drawer, finds the way to what was asked for. Runs in the head. */
(() => {
  const $ = (selector) => document.querySelector(selector);
  const send = {}; // name of a bus -> what triggers it, as soon as the room is there
  let pending = null; // where to go once the room is there
  let loaded = null; // path of the open document
  let visit = 0; // counted, so that the same place can be opened again
  const key = 'ml-tutor-course-place';

  const view = (name) => {
    document.documentElement.dataset.course = name;
    const main = $('#course-main');
    if (main) main.scrollTop = 0;
    if (name === 'desk' && send.desk) send.desk({});
  };
  document.documentElement.dataset.course = 'read';

  const last = () => {
    try { return JSON.parse(localStorage.getItem(key)) || {}; } catch { return {}; }
  };
  const keep = (path, section) => {
    try { localStorage.setItem(key, JSON.stringify({ path, section })); } catch { /* no storage: begin at the front */ }
  };

  const calm = () => matchMedia('(prefers-reduced-motion: reduce)').matches;
  const go = (el, focus) => {
    if (!el) return;
    el.scrollIntoView({ block: 'start', behavior: calm() ? 'auto' : 'smooth' });
    if (focus) reach(el.querySelector('h2, h3, h4, h5') || el);
  };
  /* What has the focus was on the page before: those who read with the keyboard go on from here. */
  const reach = (el) => {
    el.tabIndex = -1;
    el.focus({ preventScroll: true });
  };

  const open = (place) => {
    drawer(false);
    if (!send.reader) { pending = place; return; }
    view('read');
    if (place.path === loaded && !place.passage && Number.isInteger(place.section)) {
      go($(`#t-s-${place.section}`), true);
      return;
    }
    $('#course-read')?.setAttribute('aria-busy', 'true');
    visit += 1;
    send.reader({ ...place, visit });
  };

  /* From other rooms: open the course at a document, a passage, a sentence. */
  window.tutorCourse = (place) => {
    document.body.classList.remove('t-open');
    window.tutorRoom('course');
    open(place);
  };

  window.tutorCourseBus = (name, trigger) => {
    // Gradio takes whatever has a `path` for an uploaded file.
    send[name] = ({ path, ...detail }) => trigger('click', { ...detail, document: path });
    if (name !== 'reader') return;
    const before = last();
    loaded = null;
    // The contents come with the first document.
    send.reader({ enter: true, ...(pending || before) });
    pending = null;
  };

  /* Another conversation may be in another course: if so, the server sends that one, else nothing. */
  const again = () => {
    const doc = $('#course-head .t-doc');
    if (send.reader && doc) send.reader({ enter: true, have: doc.dataset.course, ...last() });
  };
  window.addEventListener('tutor:session', again);
  window.addEventListener('tutor:course', again);

  /* ---- a document has arrived: mark it in the contents, go to its place */
  let timer = null;
  const arrived = () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      const doc = $('#course-head .t-doc');
      if (!doc) return;
      $('#course-read').removeAttribute('aria-busy');
      const path = doc.dataset.path;
      const target = doc.dataset.target;
      const at = `${doc.dataset.course} ${doc.dataset.visit} ${path} ${document.querySelectorAll('#course-page .t-sec').length}`;
      if (at === arrived.at) return;
      arrived.at = at;
      loaded = path;
      listed();
      const section = target === undefined ? null : $(`#t-s-${target}`);
      // Not on entering the room: the focus stays on its tab; nor from a box in which somebody types by now.
      const typing = document.activeElement?.matches('#course-room input, #course-room textarea');
      const asked = Number(doc.dataset.visit) > 0 && !typing;
      keep(path, section ? Number(target) : undefined);
      if (asked) reach(section?.querySelector('h2, h3, h4, h5, mark') || doc.querySelector('h1'));
      const marked = $('#course-page mark');
      if (marked) marked.scrollIntoView({ block: 'center' });
      else if (section) go(section, false);
      else $('#course-main').scrollTop = 0;
    }, 140);
  };

  let shown = null;
  const listed = () => {
    document.querySelectorAll('#course-contents [aria-current]').forEach((el) => el.removeAttribute('aria-current'));
    const item = loaded && $(`#course-contents li[data-path="${CSS.escape(loaded)}"]`);
    if (!item) return;
    item.querySelector('.t-doc-name').setAttribute('aria-current', 'page');
    const group = item.closest('details');
    if (shown !== loaded) {
      document.querySelectorAll('#course-contents details[open]').forEach((el) => { if (el !== group) el.open = false; });
    }
    shown = loaded;
    group.open = true;
    item.classList.add('t-loaded');
    document.querySelectorAll('#course-contents .t-loaded').forEach((el) => el !== item && el.classList.remove('t-loaded'));
    spy();
    const here = item.querySelector('[aria-current]');
    if (innerWidth > 900) here?.scrollIntoView({ block: 'nearest' });
  };

  /* Where one is reading, told in the contents. */
  let planned = false;
  const spy = () => {
    planned = false;
    const item = loaded && $(`#course-contents li[data-path="${CSS.escape(loaded)}"]`);
    const main = $('#course-main');
    if (!item || !main || document.documentElement.dataset.course !== 'read') return;
    const line = main.getBoundingClientRect().top + 140;
    let here = 0;
    document.querySelectorAll('#course-page .t-sec').forEach((el) => {
      if (el.getBoundingClientRect().top <= line) here = Number(el.id.slice(4));
    });
    let current = null;
    item.querySelectorAll('[data-section]').forEach((el) => {
      el.removeAttribute('aria-current');
      if (Number(el.dataset.section) <= here) current = el;
    });
    current?.setAttribute('aria-current', 'location');
  };

  /* ---- the contents as a drawer, on a narrow page */
  const drawer = (show) => {
    const room = $('#course-room');
    if (!room) return;
    const was = room.classList.contains('t-drawer');
    room.classList.toggle('t-drawer', show);
    $('.t-menu')?.setAttribute('aria-expanded', String(show));
    if (show) $('#course-contents .t-drawer-close')?.focus();
    else if (was) $('.t-menu')?.focus();
  };

  const packed = (text) => { try { return JSON.parse(text); } catch { return {}; } };

  document.addEventListener('click', (event) => {
    const el = event.target.closest && event.target.closest(
      '[data-course-open], [data-course-view], [data-course-drawer], [data-course-remove], [data-course-drop], '
      + '[data-section], .t-hit-open, .t-sec-ask, #course-room [data-lab], #course-room',
    );
    if (!el || el.id === 'course-room') {
      if (el && $('#course-room.t-drawer') && !event.target.closest('#course-side')) drawer(false);
      return;
    }
    const data = el.dataset;
    if (el.matches('.t-hit-open')) open(packed(el.value));
    else if (el.matches('.t-sec-ask')) window.tutorAsk(el.value);
    else if (data.lab) { if (window.tutorLab) window.tutorLab(data.lab); else window.tutorRoom('labs'); }
    else if (data.courseView) { drawer(false); view(data.courseView); }
    else if (data.courseDrawer) drawer(data.courseDrawer === 'open');
    else if (data.courseRemove !== undefined || data.courseDrop !== undefined) {
      const name = data.courseRemove ?? data.courseDrop;
      if (window.confirm(`Take ${name} out of the course?`)) {
        send.remove?.(data.courseRemove !== undefined ? { file: name } : { folder: name });
      }
    } else if (data.section !== undefined) {
      open({ path: el.closest('[data-path]').dataset.path, section: Number(data.section) });
    } else if (data.courseOpen) {
      const place = { path: data.courseOpen, passage: data.coursePassage || '', mark: data.courseMark || '' };
      if (el.closest('#course-room')) open(place); else window.tutorCourse(place);
    }
  });

  document.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && $('#course-room.t-drawer')) drawer(false);
    if (event.key === 'Enter' && event.target.closest && event.target.closest('#course-query')) view('found');
  });
  document.addEventListener('click', (event) => {
    if (event.target.closest && event.target.closest('#course-query button')) view('found');
  }, true);

  /* ---- what the server has drawn */
  const watch = () => {
    const page = $('#course-read');
    if (!page) { requestAnimationFrame(watch); return; }
    new MutationObserver(arrived).observe(page, { childList: true, subtree: true, characterData: true });
    new MutationObserver(listed).observe($('#course-contents'), { childList: true, subtree: true });
    $('#course-main').addEventListener('scroll', () => {
      if (!planned) { planned = true; requestAnimationFrame(spy); }
    }, { passive: true });
    arrived();
  };
  const begin = window.tutorCourseBus;
  window.tutorCourseBus = (name, trigger) => { begin(name, trigger); if (name === 'reader') watch(); };
})();
