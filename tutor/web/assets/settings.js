/* The rooms that ask when they are opened, and the forms of the settings room. */
window.tutorBus = (name, element, trigger) => {
  // A room is filled whenever its tab comes into view; what happens in it arrives as an event of its name.
  const panel = element.closest('[role="tabpanel"]');
  new IntersectionObserver((seen) => {
    if (seen.some((one) => one.isIntersecting)) trigger('click', { do: 'open' });
  }).observe(panel);
  window.addEventListener(`tutor:${name}`, (event) => trigger('click', event.detail));
};

window.tutorSettings = (() => {
  const $ = (selector) => document.querySelector(selector);
  const act = (what) => window.dispatchEvent(new CustomEvent('tutor:settings', { detail: what }));

  const theme = (element) => {
    const kept = element.querySelector(`input[value="${window.tutorTheme()}"]`);
    if (kept) kept.checked = true;
  };

  const submit = (form) => {
    const chosen = form.querySelector('input[name="t-model"]:checked');
    if (!chosen) return;
    const wish = { do: 'model', choice: chosen.value };
    if (chosen.value === 'server') {
      for (const name of ['address', 'name', 'key']) wish[name] = form.elements[name].value;
      form.elements.key.value = '';
    }
    act(wish);
    $('#settings-state').scrollIntoView({ block: 'nearest' }); // where it says what came of it
  };

  const erase = (step, row) => {
    const [ask, sure] = [row.querySelector('[data-erase="ask"]'), row.querySelector('.t-sure')];
    ask.hidden = step === 'ask';
    sure.hidden = step !== 'ask';
    (step === 'ask' ? sure.querySelector('[data-erase="no"]') : ask).focus();
    if (step === 'yes') act({ do: 'erase' });
  };

  document.addEventListener('submit', (event) => {
    const form = event.target.closest && event.target.closest('[data-settings="model"]');
    if (!form) return;
    event.preventDefault();
    submit(form);
  });

  document.addEventListener('change', (event) => {
    const input = event.target;
    if (!input.closest || !input.closest('#settings-room')) return;
    if (input.name === 't-theme') window.tutorTheme.choose(input.value);
    if (input.name === 't-mode') act({ do: 'mode', value: input.value });
    if (input.name === 't-model') $('#settings-room .t-server').hidden = input.value !== 'server';
    if (input.name === 't-course') act({ do: 'course', value: input.value });
    if (input.dataset.settings === 'predict') act({ do: 'predict', value: input.checked });
  });

  document.addEventListener('click', (event) => {
    const button = event.target.closest && event.target.closest('[data-erase]');
    if (event.target.closest && event.target.closest('#settings-course [data-course-begin]')) {
      $('#fresh').click();
      window.tutorRoom('chat');
    }
    if (button) erase(button.dataset.erase, button.closest('[data-settings="erase"]'));
  });

  // While a model is on its way, ask how far it is; when everything was cleared, begin a new conversation.
  let polling = null;
  const poll = () => {
    const state = $('#settings-state');
    const waiting = state && state.querySelector('[data-busy]');
    polling = waiting ? setTimeout(poll, 1000) : null;
    if (waiting && state.offsetParent) act({ do: 'state' });
  };
  let erased = false;
  let course = null; // the chosen one: the course room hears of a change
  const look = () => {
    const coming = $('#settings-course [data-coming]')?.dataset.coming ?? null;
    if (coming !== null && course !== null && coming !== course) window.dispatchEvent(new CustomEvent('tutor:course'));
    course = coming ?? course;
    if (!polling && $('#settings-state [data-busy]')) polling = setTimeout(poll, 1000);
    const now = Boolean($('#settings-data [data-erased]'));
    if (now && !erased) {
      window.tutorSession(true);
      window.dispatchEvent(new CustomEvent('tutor:leave'));
    }
    erased = now;
  };

  const start = (element) => {
    theme(element);
    new MutationObserver(look).observe(element.closest('#settings-room'), { childList: true, subtree: true });
  };

  return { start };
})();
