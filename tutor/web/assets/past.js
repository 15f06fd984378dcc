/* The drawer of past conversations: opens, closes, and turns clicks in it into wishes for the server (web/past.py). */
window.tutorPast = (() => {
  const $ = (selector) => document.querySelector(selector);
  const narrow = () => window.innerWidth <= 640;
  const isOpen = () => document.body.classList.contains('t-past');
  let back = null; // after the list was drawn anew: the conversation, and the part of it, that gets the focus

  const act = (what) => window.dispatchEvent(new CustomEvent('tutor:past', {
    detail: { ...what, offset: new Date().getTimezoneOffset() },
  }));

  const open = () => {
    const drawer = $('#past');
    drawer.setAttribute('role', 'dialog');
    drawer.setAttribute('aria-labelledby', 'past-title');
    document.body.classList.add('t-past');
    $('#past-open').setAttribute('aria-expanded', 'true');
    if (narrow()) for (const el of [$('#header'), $('#rooms')]) el.inert = true;
    watch();
    act({ do: 'list' });
    enter(30);
  };

  // What is not drawn yet takes no focus: try again with the next frames.
  const enter = (frames) => {
    const first = $('#past-close');
    first.focus();
    if (document.activeElement !== first && isOpen() && frames) requestAnimationFrame(() => enter(frames - 1));
  };

  const close = (refocus = true) => {
    if (!isOpen()) return;
    document.body.classList.remove('t-past');
    for (const el of [$('#header'), $('#rooms')]) el.inert = false;
    const door = $('#past-open');
    door.setAttribute('aria-expanded', 'false');
    if (refocus) door.focus();
  };

  const go = (id) => {
    window.tutorSession.use(id);
    close(false);
    window.tutorRoom('chat');
    window.dispatchEvent(new CustomEvent('tutor:leave'));
    const box = $('#ask textarea');
    if (box && !narrow()) box.focus();
  };

  const rename = (item) => {
    const title = item.querySelector('.t-past-open');
    const input = document.createElement('input');
    input.className = 't-past-name';
    input.value = item.dataset.title;
    input.maxLength = 100;
    input.setAttribute('aria-label', 'New title');
    title.replaceWith(input);
    item.classList.add('t-past-busy');
    input.focus();
    input.select();
    let over = false;
    const end = (kept) => {
      if (over) return;
      over = true;
      item.classList.remove('t-past-busy');
      back = [item.dataset.id, 'rename'];
      if (kept && input.value.trim() !== item.dataset.title) {
        act({ do: 'rename', id: item.dataset.id, title: input.value });
      } else {
        act({ do: 'list' });
      }
    };
    input.addEventListener('keydown', (event) => {
      if (event.key === 'Enter') end(true);
      if (event.key === 'Escape') { event.stopPropagation(); end(false); }
    });
    input.addEventListener('blur', () => end(true));
  };

  const confirm = (item) => {
    const ask = document.createElement('div');
    ask.className = 't-past-sure';
    ask.setAttribute('role', 'group');
    ask.setAttribute('aria-label', 'Delete this conversation for good?');
    ask.innerHTML = '<span>Delete it for good?</span>'
      + '<button type="button" data-past="gone" class="t-past-gone">Delete</button>'
      + '<button type="button" data-past="keep">Keep</button>';
    item.querySelector('.t-past-tools').hidden = true;
    item.append(ask);
    ask.querySelector('[data-past="keep"]').focus();
  };

  const keep = (item) => {
    item.querySelector('.t-past-sure')?.remove();
    item.querySelector('.t-past-tools').hidden = false;
    item.querySelector('[data-past="delete"]').focus();
  };

  const remove = (item) => {
    const next = item.nextElementSibling || item.previousElementSibling;
    back = next ? [next.dataset.id, 'open'] : ['', ''];
    const id = item.dataset.id;
    if (id === window.tutorSession.id()) {
      window.tutorSession(true);
      window.dispatchEvent(new CustomEvent('tutor:leave'));
    }
    act({ do: 'delete', id });
  };

  const filter = () => {
    const words = ($('#past-find')?.value || '').toLowerCase().split(/\s+/).filter(Boolean);
    document.querySelectorAll('#past-list .t-past-item').forEach((item) => {
      const title = item.dataset.title.toLowerCase();
      item.hidden = !words.every((word) => title.includes(word));
      item.querySelector('.t-past-tools').hidden = Boolean(item.querySelector('.t-past-sure'));
    });
    document.querySelectorAll('#past-list .t-past-day').forEach((day) => {
      day.hidden = !day.querySelector('.t-past-item:not([hidden])');
    });
  };

  let watched = null;
  const watch = () => {
    const list = $('#past-list');
    if (!list || watched === list) return;
    watched = list;
    new MutationObserver((changes) => {
      filter();
      // Gradio also draws its own signs of progress into the list: they are no news.
      if (!back || !isOpen() || !changes.some((change) => change.target.closest('.prose'))) return;
      const [id, part] = back;
      const item = id && [...list.querySelectorAll('.t-past-item')].find((el) => el.dataset.id === id);
      if (id && (!item || item.querySelector('.t-past-name'))) return;
      back = null;
      (item ? item.querySelector(`[data-past="${part}"]`) : $('#past-close')).focus();
    }).observe(list, { childList: true, subtree: true });
  };

  document.addEventListener('click', (event) => {
    const at = event.target.closest ? event.target : null;
    if (!at) return;
    if (at.closest('#past-open')) { if (isOpen()) close(); else open(); return; }
    if (at.closest('#past-close')) { close(); return; }
    if (!isOpen()) return;
    const button = at.closest('[data-past]');
    const item = at.closest('.t-past-item');
    if (button && item) {
      const wish = { open: () => go(item.dataset.id), rename, delete: confirm, keep, gone: remove,
        export: () => act({ do: 'export', id: item.dataset.id }) }[button.dataset.past];
      wish(item);
      return;
    }
    if (!at.closest('#past')) close(false);
  });

  document.addEventListener('keydown', (event) => {
    if (!isOpen()) return;
    if (event.key === 'Escape') close();
    if (event.key !== 'Tab' || !narrow()) return;
    // On a phone the drawer covers the page: the focus stays in it.
    const all = [...$('#past').querySelectorAll('button, input')].filter((el) => el.offsetParent);
    const edge = event.shiftKey ? all[0] : all[all.length - 1];
    if (document.activeElement !== edge) return;
    event.preventDefault();
    (event.shiftKey ? all[all.length - 1] : all[0]).focus();
  });

  document.addEventListener('input', (event) => { if (event.target.id === 'past-find') filter(); });

  return {
    save: (file) => {
      if (!file) return;
      const { name, text } = JSON.parse(file);
      const link = document.createElement('a');
      link.href = URL.createObjectURL(new Blob([text], { type: 'text/markdown' }));
      link.download = name;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
    },
    enter: (gate) => {
      if (gate !== 'taken') return;
      window.tutorSession(true);
      window.dispatchEvent(new CustomEvent('tutor:leave'));
    },
  };
})();
