/* What the page does by itself: opens passages, keeps the focus, copies clean text. Runs once, after loading. */
() => {
  const $ = (selector) => document.querySelector(selector);
  const isSource = (link) => link && (link.getAttribute('href') || '').startsWith('#passage-');
  let opener = null; // the link that opened the panel, which gets the focus back

  const box = () => $('#ask textarea');
  const panel = () => $('#passage');

  const close = () => {
    if (!document.body.classList.contains('t-open')) return;
    document.body.classList.remove('t-open');
    document.querySelectorAll('.t-opened').forEach((el) => el.classList.remove('t-opened'));
    panel().setAttribute('aria-hidden', 'true');
    panel().inert = true;
    if (opener && opener.isConnected) opener.focus();
    opener = null;
  };

  const open = (link) => {
    opener = link;
    document.querySelectorAll('.t-opened').forEach((el) => el.classList.remove('t-opened'));
    document.querySelectorAll(`a[href="${link.getAttribute('href')}"]`).forEach((el) => el.classList.add('t-opened'));
    panel().inert = false;
    panel().setAttribute('aria-hidden', 'false');
    panel().classList.add('t-loading');
    document.body.classList.add('t-open');
    window.dispatchEvent(new CustomEvent('tutor:open', { detail: link.getAttribute('href') }));
    $('#passage-close').focus();
  };

  const dress = () => {
    const el = panel();
    if (!el || $('#passage-close')) return;
    el.setAttribute('role', 'complementary');
    el.setAttribute('aria-label', 'Source');
    el.setAttribute('aria-hidden', 'true');
    el.inert = true;
    const button = document.createElement('button');
    button.id = 'passage-close';
    button.type = 'button';
    button.setAttribute('aria-label', 'Close the source');
    button.innerHTML = '<svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true"><path d="M3 3l10 10M13 3L3 13" stroke="currentColor" stroke-width="1.800" stroke-linecap="round"/></svg>';
    button.addEventListener('click', close);
    el.prepend(button);
    // When the passage has arrived and its marked sentence is drawn, bring that into view.
    let timer = null;
    new MutationObserver(() => {
      el.classList.remove('t-loading');
      clearTimeout(timer);
      timer = setTimeout(() => {
        const marked = el.querySelector('mark');
        if (marked) marked.scrollIntoView({ block: 'center' });
        else el.scrollTop = 0;
      }, 120);
    }).observe($('#passage-body'), { childList: true, subtree: true, characterData: true });
  };

  document.addEventListener('click', (event) => {
    const link = event.target.closest && event.target.closest('a');
    if (isSource(link)) {
      event.preventDefault();
      event.stopPropagation();
      open(link);
      return;
    }
    if (event.target.closest && event.target.closest('button.example, button.option, #fresh')) {
      close();
      setTimeout(() => box() && box().focus(), 50);
      return;
    }
    if (!panel()?.contains(event.target) && window.innerWidth < 1100) close();
  }, true);

  document.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') close();
  });

  // Copied answers are plain: [1] instead of a link, dollars instead of the page's own delimiters of maths.
  if (navigator.clipboard && navigator.clipboard.writeText) {
    const write = navigator.clipboard.writeText.bind(navigator.clipboard);
    const plain = (text) => (/class="t-/.test(text)
      ? new DOMParser().parseFromString(text.replace(/<\/tr>/g, '\n').replace(/<\/(td|th|dt|dd|div)>/g, ' '), 'text/html').body.textContent
      : text).replace(/\n{3,}/g, '\n\n').trim();
    navigator.clipboard.writeText = (text) => write(plain(String(text)
      .replace(/<a class="t-cite"[^>]*>(\d+)<\/a>/g, '[$1]')
      .replace(/<a class="t-source[^>]*><b>(\d+)<\/b><span>(.*?)<\/span><i>(.*?)<\/i><\/a>/g, '[$1] $2 ($3)\n')
      .replace(/<div class="t-sources"[^>]*>([\s\S]*?)<\/div>/g, '$1')
      .replace(/\\\(([\s\S]+?)\\\)/g, '$$$1$$')
      .replace(/\\\[([\s\S]+?)\\\]/g, '$$$$$1$$$$')));
  }

  // What a screen reader should know and Gradio does not say.
  const label = () => {
    const area = box();
    if (area) area.setAttribute('aria-label', 'Your message');
    dress();
    document.documentElement.lang = 'en';
  };
  label();
  new MutationObserver(label).observe(document.body, { childList: true });
  // Gradio labels a message with its raw text, markup included; the text itself is there to be read.
  const speak = () => {
    document.querySelectorAll('#chat [data-testid="bot"][aria-label], #chat [data-testid="user"][aria-label]')
      .forEach((el) => el.removeAttribute('aria-label'));
  };
  // A new question goes to the top of the view and its answer grows below it; nothing moves while one reads.
  let asked = '';
  const settle = () => {
    const log = $('#chat [role="log"]');
    const wrap = log && log.querySelector('.message-wrap');
    const rows = wrap ? wrap.querySelectorAll('.user-row') : [];
    if (!rows.length) { asked = ''; return; }
    const last = rows[rows.length - 1];
    const zero = log.getBoundingClientRect().top - log.scrollTop;
    const top = last.getBoundingClientRect().top - zero;
    const bottom = wrap.lastElementChild.getBoundingClientRect().bottom - zero;
    wrap.style.paddingBottom = `${Math.max(16, log.clientHeight - (bottom - top) - 30)}px`;
    const now = `${rows.length} ${last.textContent}`;
    if (now === asked) return;
    asked = now;
    log.scrollTop = top - 8;
  };
  let planned = false;
  const soon = () => {
    if (planned) return;
    planned = true;
    requestAnimationFrame(() => { planned = false; speak(); settle(); });
  };
  $('#chat').addEventListener('load', soon, true);
  window.addEventListener('resize', soon);
  soon();
  new MutationObserver(soon).observe($('#chat'), { childList: true, subtree: true });
}
