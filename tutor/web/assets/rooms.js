/* Between the rooms: open one by name, or say something in the chat. Elements with data-ask="..." do so by a click. */
window.tutorRoom = (name) => {
  const tab = document.querySelector(`#rooms [role="tab"][data-tab-id="${name}"]`);
  if (tab) tab.click();
  return Boolean(tab);
};
window.tutorAsk = (text) => {
  window.tutorRoom('chat');
  setTimeout(() => window.dispatchEvent(new CustomEvent('tutor:ask', { detail: text })), 0);
};
document.addEventListener('click', (event) => {
  const el = event.target.closest && event.target.closest('[data-ask]');
  if (!el) return;
  event.preventDefault();
  window.tutorAsk(el.dataset.ask);
});

/* What Gradio's own elements lack for those who use the keyboard or listen; repaired a moment after anything changes. */
(() => {
  const SCROLLS = /auto|scroll/;
  const repair = () => {
    // A button around a button is none: the outer one gives way, the inner one gets a name.
    document.querySelectorAll('#chat .title[role="button"], .toast-header[role="button"]').forEach((el) => {
      if (!el.querySelector('button')) return;
      el.removeAttribute('role');
      el.removeAttribute('tabindex');
    });
    document.querySelectorAll('#chat .title button[aria-label=""]').forEach((el) => {
      el.setAttribute('aria-label', 'Show or hide the details of this step');
    });
    // What scrolls sideways can be reached, and scrolled, by keyboard.
    document.querySelectorAll('#rooms :is(table, pre, pre code):not([tabindex])').forEach((el) => {
      if (el.scrollWidth > el.clientWidth + 1 && SCROLLS.test(getComputedStyle(el).overflowX)) el.tabIndex = 0;
    });
  };
  let planned = 0;
  const soon = () => { planned ||= setTimeout(() => { planned = 0; repair(); }, 250); };
  new MutationObserver(soon).observe(document.documentElement, { childList: true, subtree: true });
  window.addEventListener('resize', soon);
})();
