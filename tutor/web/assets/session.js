/* Who is visiting, and in which conversation: ids made here, kept here (`tutorKept`, in theme.js), guessed by nobody. In
   the head, so that all this is there before anything asks. */
window.tutorId = (key, fresh = false) => {
  let id = window.tutorKept(key);
  if (fresh || !/^[A-Za-z0-9_-]{24}$/.test(id || '')) {
    const bytes = crypto.getRandomValues(new Uint8Array(18));
    id = btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_');
    window.tutorKept(key, id);
  }
  return id;
};
/* What every call to the server carries: the conversation, and the secret that shows whose it is. `fresh` begins a new
   conversation; `tutorSession.use(id)` goes back to an old one. */
window.tutorSession = (fresh = false) => {
  if (fresh) window.tutorSession.left = window.tutorSession.id(); // what the chat's stream belonged to until now
  const id = window.tutorId('ml-tutor-session', fresh);
  if (fresh) window.dispatchEvent(new CustomEvent('tutor:session', { detail: id }));
  return `${id}~${window.tutorId('ml-tutor-visitor')}`;
};
window.tutorSession.id = () => window.tutorId('ml-tutor-session');
window.tutorSession.use = (id) => {
  window.tutorSession.left = window.tutorSession.id();
  window.tutorKept('ml-tutor-session', id);
  window.dispatchEvent(new CustomEvent('tutor:session', { detail: id }));
};
