/* The visitor's id: made here, kept here, guessed by nobody. In the head, so that it is there before anything asks. */
window.tutorSession = (fresh = false) => {
  const key = 'ml-tutor-session';
  let id = window.tutorSession.id;
  try { id = localStorage.getItem(key) || id; } catch { /* no storage: the id lives as long as the page */ }
  if (fresh || !/^[A-Za-z0-9_-]{24}$/.test(id || '')) {
    const bytes = crypto.getRandomValues(new Uint8Array(18));
    id = btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_');
    try { localStorage.setItem(key, id); } catch { /* as above */ }
  }
  window.tutorSession.id = id;
  return id;
};
