/* The theme: light, dark, or what the system says. Gradio asks the system through matchMedia, so that is where a choice
   is told to it; an address with ?__theme= has the last word, as ever. This runs first of all, in the page's own HTML
   (web/first_paint.py), so that a page never flashes in the wrong colours. */
window.tutorKept = (key, value) => { // reads, or keeps `value`; a browser without storage keeps it as long as the page
  const held = (window.tutorKept.held ??= {});
  try {
    if (value !== undefined) localStorage.setItem(key, value);
    return localStorage.getItem(key) ?? held[key] ?? null;
  } catch {
    if (value !== undefined) held[key] = value;
    return held[key] ?? null;
  }
};
(() => {
  const query = '(prefers-color-scheme: dark)';
  const system = window.matchMedia(query);
  const ask = window.matchMedia.bind(window);
  const named = () => new URL(window.location.href).searchParams.get('__theme');
  window.tutorTheme = () => {
    const kept = window.tutorKept('ml-tutor-theme');
    return ['light', 'dark'].includes(kept) ? kept : 'system';
  };
  const dark = () => {
    const theme = ['light', 'dark'].includes(named()) ? named() : window.tutorTheme();
    return theme === 'system' ? system.matches : theme === 'dark';
  };
  window.matchMedia = (text) => {
    const list = ask(text);
    if (text === query) Object.defineProperty(list, 'matches', { get: dark });
    return list;
  };
  const dress = () => {
    for (const el of [document.documentElement, document.body]) if (el) el.classList.toggle('dark', dark());
    document.documentElement.classList.toggle('t-light', !dark()); // for the moment before the style sheet is there
    window.dispatchEvent(new CustomEvent('tutor:theme', { detail: dark() ? 'dark' : 'light' }));
  };
  window.tutorTheme.choose = (theme) => {
    window.tutorKept('ml-tutor-theme', theme);
    const url = new URL(window.location.href);
    if (url.searchParams.has('__theme')) {
      url.searchParams.delete('__theme');
      history.replaceState(history.state, '', url);
    }
    dress();
  };
  system.addEventListener('change', dress);
  dress();
})();
