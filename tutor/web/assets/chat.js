/* The chat: what a student does with a run or with a message of their own. `server` is the room's desk. */
window.tutorChat = (element, desk) => {
  const download = ({ name, type, text }) => {
    const url = URL.createObjectURL(new Blob([text], { type }));
    const link = Object.assign(document.createElement('a'), { href: url, download: name });
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(url), 1000);
  };
  const say = (text, link) => { // a short word beside the link, read out by screen readers
    const word = Object.assign(document.createElement('span'), { className: 't-said', textContent: text });
    word.setAttribute('role', 'status');
    link.after(word);
    setTimeout(() => word.remove(), 4000);
  };
  const act = async (what, run, link) => {
    if (what === 'explain') { window.tutorAsk('Explain this run.'); return; }
    if (what === 'compare') { window.tutorAsk('Compare the last two runs.'); return; }
    const told = await desk({ session: window.tutorSession(), what, run });
    if (told.said) say(told.said, link);
    else if (told.text !== undefined) download(told);
    else if (told.lab && window.tutorLab) window.tutorLab(told.lab, told.params);
    else if (told.copy) {
      await navigator.clipboard.writeText(told.copy);
      say('Copied: paste it into the chat to run it again.', link);
    }
  };
  document.addEventListener('click', (event) => {
    const link = event.target.closest && event.target.closest('#chat a[href^="#run-"]');
    const named = link && /^#run-([a-z]+)-([A-Za-z0-9_-]+)$/.exec(link.getAttribute('href'));
    if (!named) return;
    event.preventDefault();
    act(named[1], named[2], link);
  });
  document.addEventListener('keydown', (event) => { // links that are buttons answer to the space bar too
    const link = event.key === ' ' && event.target.closest && event.target.closest('#chat a[role="button"]');
    if (!link) return;
    event.preventDefault();
    link.click();
  });

  /* Under each message of the student's: put it back into the box to change it, or ask it once more as it is. */
  const BUTTONS = [['edit', 'Edit', 'Put this message back into the box'], ['again', 'Ask again', 'Ask this once more']];
  const typed = (row) => { // the message as it was typed: a formula is drawn, and its source lies inside the drawing
    const copy = (row.querySelector('.message') || row).cloneNode(true);
    copy.querySelectorAll('.t-own').forEach((el) => el.remove());
    copy.querySelectorAll('.katex').forEach((el) => {
      el.replaceWith(`$${el.querySelector('annotation')?.textContent.trim() ?? el.textContent}$`);
    });
    return copy.textContent.trim();
  };
  const dress = () => {
    for (const row of document.querySelectorAll('#chat .user-row:not([data-dressed])')) {
      row.dataset.dressed = '';
      const bar = Object.assign(document.createElement('div'), { className: 't-own' });
      for (const [what, words, title] of BUTTONS) {
        const button = Object.assign(document.createElement('button'), { type: 'button', textContent: words, title });
        button.addEventListener('click', () => {
          const text = typed(row);
          if (what === 'again') { window.tutorAsk(text); return; }
          const box = document.querySelector('#ask textarea');
          box.value = text;
          box.dispatchEvent(new Event('input', { bubbles: true }));
          box.focus();
        });
        bar.append(button);
      }
      row.append(bar);
    }
  };
  const watch = () => { // the desk may be there before the conversation is
    const chat = document.querySelector('#chat');
    if (!chat) { requestAnimationFrame(watch); return; }
    dress();
    new MutationObserver(dress).observe(chat, { childList: true, subtree: true });
  };
  watch();
};
